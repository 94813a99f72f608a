"""What Gemini CLI does with the reply of a hook, and which hooks it runs."""
import json

import gemini_wire
from model_server import Answer
from scenarios.gemini_events import end, start, turn
from scenarios.register import gemini

DENY = json.dumps({"decision": "deny", "reason": "not done yet, go on"})
FAILED = r"Hook\(s\) \[recorder\] failed for event"


def added(event, words):
    return json.dumps({"hookSpecificOutput": {"hookEventName": event, "additionalContext": words}})


@gemini
def reply_context(client):
    "additionalContext of SessionStart and BeforeAgent reaches the model"
    client.records.answer("SessionStart", added("SessionStart", "said at the start"))
    client.records.answer("BeforeAgent", added("BeforeAgent", "said <b>&</b> at the prompt"))
    client.open().ask("hello one")
    [request] = client.model.sent("hello one")
    assert [m.text for m in request.told("said at the start")] == ["<hook_context>said at the start</hook_context>"], request
    assert [m.text for m in request.told("at the prompt")] == ["<hook_context>said &lt;b&gt;&&lt;/b&gt; at the prompt</hook_context>"], request


@gemini
def reply_context_print(client):
    "the same without a terminal"
    client.records.answer("SessionStart", added("SessionStart", "said at the start"))
    client.records.answer("BeforeAgent", added("BeforeAgent", "said at the prompt"))
    client.once("hello one")
    [request] = client.model.sent("hello one")
    assert request.told("said at the start") and request.told("said at the prompt"), request


@gemini
def reply_plain_text(client):
    "text that is no JSON is shown, and no context"
    client.records.answer("BeforeAgent", "said by the hook")
    window = client.open()
    window.ask("hello one")
    window.pane.wait("said by the hook")
    assert not client.model.sent("hello one")[0].told("said by the hook")


@gemini
def reply_standard_error(client):
    "standard error alone is taken for the reply, also with exit 0"
    client.records.answer("BeforeAgent", {"err": "said by the hook"})
    window = client.open()
    window.ask("hello one")
    window.pane.wait("said by the hook")
    client.records.answer("BeforeAgent", {"err": json.dumps({"decision": "deny", "reason": "denied so"})})
    client.model.expect_prompt("hello two", Answer())
    window.pane.enter("hello two")
    window.pane.wait("denied so")
    assert not client.model.sent("hello two")


@gemini
def reply_deny_prompt(client):
    "BeforeAgent denied: the model is not asked, no AfterAgent"
    client.records.answer("BeforeAgent", json.dumps({"decision": "deny", "reason": "denied so"}))
    window = client.open()
    client.model.expect_prompt("hello one", Answer())
    window.pane.enter("hello one")
    window.pane.wait("denied so")
    window.ask("hello two")
    client.records.expect(start() + "A BeforeAgent," + turn())
    assert not client.model.sent("hello two")[0].told("hello one")


@gemini
def reply_loop(client):
    "AfterAgent denied: the reason is the next prompt of the same turn"
    client.hooks_fail = True  # exit 2 is called a failure
    client.records.answer("AfterAgent", DENY, {"err": "and once more", "code": 2}, json.dumps({"decision": "block", "reason": "the last time"}))
    window = client.open()
    window.begin("hello one")
    client.records.wait("AfterAgent", count=4)
    ends = [(r.payload["prompt"], r.payload["stop_hook_active"]) for r in client.records.of("AfterAgent")]
    assert ends == [("hello one", False), ("hello one", True), ("hello one", True), ("hello one", True)], ends
    prompts = [r.payload["prompt"] for r in client.records.of("BeforeAgent")]
    assert prompts == ["hello one", "not done yet, go on", "and once more", "the last time"], prompts
    client.records.expect(start() + turn() * 4)
    assert client.model.sent("hello one")[1].told("not done yet, go on")


@gemini
def reply_loop_limit(client):
    "one hundred and five denials are obeyed; from the thirtieth round on the client asks the model whether this is a loop"
    client.model.latency = 0.0
    client.configure(lambda settings: settings.update(hooks={"AfterAgent": settings["hooks"]["AfterAgent"]}))
    client.records.answer("AfterAgent", *[DENY] * 105)
    client.model.expect_prompt("hello one", Answer())
    done = client.run(*client.headless("hello one", ()))
    assert len(client.records.of("AfterAgent")) == 106 and done.code == 0, (len(client.records.of("AfterAgent")), done.code, done.out[-300:], done.err[-600:])
    assert any(gemini_wire.asks_for_loops(body) for body in client.model.others), len(client.model.others)


@gemini
def reply_loop_interrupted(client):
    "Esc while the model answers after a denial; the AfterAgent of Esc is denied too: one more round, in which the model is not asked"
    client.records.answer("AfterAgent", DENY, DENY)
    window = client.open()
    release = window.hold("hello one", since=2)
    client.model.wait("hello one", count=2)
    client.interrupt(window)
    release.set()
    client.records.wait("AfterAgent", count=3)
    window.ask("hello two")
    ends = [(r.payload["prompt"], r.payload["stop_hook_active"]) for r in client.records.of("AfterAgent")]
    assert ends == [("hello one", False), ("hello one", True), ("hello one", True), ("hello two", False)], ends
    assert [r.payload["prompt"] for r in client.records.of("BeforeAgent")] == ["hello one", "not done yet, go on", "not done yet, go on", "hello two"]
    assert len(client.model.sent("hello one")) == 2


@gemini
def reply_loop_prompt_meanwhile(client):
    "a prompt typed while the model answers after a denial waits for the end of the loop"
    client.records.answer("AfterAgent", DENY)
    window = client.open()
    release = window.hold("hello one", since=2)
    client.model.wait("hello one", count=2)
    client.model.expect_prompt("hello two", Answer())
    window.pane.enter("hello two")
    window.pane.wait("Queued")
    release.set()
    client.records.wait("AfterAgent", count=3)
    ends = [(r.payload["prompt"], r.payload["stop_hook_active"]) for r in client.records.of("AfterAgent")]
    assert ends == [("hello one", False), ("hello one", True), ("hello two", False)], ends


@gemini
def reply_stop(client):
    "AfterAgent with continue false: the turn ends, the reason is shown, the session goes on"
    client.records.answer("AfterAgent", json.dumps({"continue": False, "stopReason": "enough of it"}))
    window = client.open()
    window.ask("hello one")
    window.pane.wait("enough of it")
    window.ask("hello two")
    client.records.expect(start() + turn() * 2)


@gemini
def reply_system_message(client):
    "systemMessage of SessionStart, BeforeAgent and AfterAgent is shown"
    for event in ("SessionStart", "BeforeAgent", "AfterAgent"):
        client.records.answer(event, json.dumps({"systemMessage": f"shown at {event}"}))
    window = client.open()
    window.ask("hello one")
    for event in ("SessionStart", "BeforeAgent", "AfterAgent"):
        window.pane.wait(f"shown at {event}")


@gemini
def failed_exit_1(client):
    "exit 1: a warning with its standard error; the turn goes on"
    client.hooks_fail = True
    client.records.answer("BeforeAgent", {"err": "broken so", "code": 1})
    window = client.open()
    window.ask("hello one")
    window.pane.wait(FAILED)
    window.pane.wait("Warning: broken so")


@gemini
def failed_start_exit_2(client):
    "exit 2 at SessionStart blocks nothing"
    client.hooks_fail = True
    client.records.answer("SessionStart", {"err": "denied so", "code": 2})
    window = client.open()
    window.pane.wait(FAILED)
    window.ask("hello one")
    client.records.expect(start() + turn())


@gemini
def failed_timeout(client):
    "a hook that takes too long: SIGTERM, a warning, the turn goes on"
    import hooks

    client.hooks_fail = True
    hooks.register_gemini(client.home.gemini, client.recorder, timeout=1000)
    client.records.answer("BeforeAgent", {"sleep": 600, "out": "never said"})
    window = client.open()
    window.ask("hello one")
    window.pane.wait(FAILED)


@gemini
def config_untrusted(client):
    "in a folder that is not trusted the user's own hooks do not run either"
    trust = json.dumps({str(client.home.work): "DO_NOT_TRUST"})
    (client.home.gemini / "trustedFolders.json").write_text(trust, encoding="utf-8")
    window = client.open(flags=(), ready=False)
    client.model.expect_prompt("hello one", Answer())
    window.pane.enter("hello one")
    window.pane.wait("answer 1 to hello one")
    client.records.expect("")


def project_settings(client, text):
    directory = client.home.work / ".gemini"
    directory.mkdir()
    (directory / "settings.json").write_text(text, encoding="utf-8")


@gemini
def config_project(client):
    "a project's hook of a trusted folder runs at once, beside the user's; comments are allowed"
    hook = {"type": "command", "command": "touch made-by-the-hook"}
    project_settings(client, "// a comment\n" + json.dumps({"hooks": {"SessionStart": [{"hooks": [hook]}]}}))
    window = client.open()
    window.pane.wait("project-level hooks have been detected")
    window.ask("hello one")
    assert (client.home.work / "made-by-the-hook").exists()
    client.records.expect(start() + turn())
    assert (client.home.gemini / "trusted_hooks.json").exists()


@gemini
def config_unknown_event(client):
    "an unknown event is a warning; the others work"
    client.configure(lambda settings: settings["hooks"].update(Stop=settings["hooks"]["AfterAgent"]))
    window = client.open()
    window.pane.wait("Invalid hook event name")
    window.ask("hello one")
    client.records.expect(start() + turn())


@gemini
def config_extension(client):
    "the hooks of an extension: hooks/hooks.json"
    settings = json.loads((client.home.gemini / "settings.json").read_text(encoding="utf-8"))
    extension = client.home.gemini / "extensions" / "recorder"
    (extension / "hooks").mkdir(parents=True)
    (extension / "gemini-extension.json").write_text(json.dumps({"name": "recorder", "version": "1.0.0"}), encoding="utf-8")
    (extension / "hooks" / "hooks.json").write_text(json.dumps({"hooks": settings["hooks"]}), encoding="utf-8")
    client.configure(lambda settings: settings.pop("hooks"))
    client.once("hello one")
    client.records.expect(start() + turn() + end(times=1))
