"""What Copilot does with a hook's reply."""
import json

import hooks
from model_server import Answer
from scenarios.register import copilot


def reply(event, prompt, says, refused=False):
    """A scenario's one prompt without a terminal, where the hook of `event` says this; its requests, and what was printed."""
    def play(client):
        client.records.answer(event, says)
        client.model.expect_prompt(prompt, Answer(bash="true" if "Tool" in event else None))
        done = client.run(*client.headless(prompt, ()))
        assert (done.code != 0) == refused, done
        return client.model.sent(prompt), done
    return play


@copilot
def reply_context(client):
    "additionalContext reaches the model as a user's message, from a start and from a prompt; plain text and hookSpecificOutput do not"
    for event in ("SessionStart", "UserPromptSubmit"):
        for number, (says, used) in enumerate([({"additionalContext": "told"}, True), ({"additionalContext": "told", "unknown": 1}, True),
                                               ({"hookSpecificOutput": {"hookEventName": event, "additionalContext": "told"}}, False), ("told", False)]):
            prompt = f"hello {event} {number}"
            [request], _ = reply(event, prompt, says if isinstance(says, str) else json.dumps(says))(client)
            assert bool(request.told("told")) == used, (event, says, request)


@copilot
def reply_prompt_blocked(client):
    "decision block at a prompt: the model is not asked, the reason is printed"
    requests, done = reply("UserPromptSubmit", "hello one", json.dumps({"decision": "block", "reason": "not now"}), refused=True)(client)
    assert not requests and "not now" in done.err, done
    client.records.expect("A SessionStart new, A UserPromptSubmit, A SessionEnd complete")


@copilot
def reply_exit_1(client):
    "exit 1: nothing is used; a tool call is refused"
    client.hooks_fail = True
    for event in ("SessionStart", "UserPromptSubmit", "Stop"):
        requests, done = reply(event, f"hello {event}", {"code": 1, "err": "went wrong", "out": json.dumps({"additionalContext": "told"})})(client)
        assert not requests[0].told("told") and "went wrong" not in done.err, done
    requests, _ = reply("PreToolUse", "hello tool", {"code": 1, "err": "went wrong"})(client)
    assert any("hook errored" in message.text for message in requests[-1].messages if message.role == "tool"), requests


@copilot
def reply_exit_2(client):
    "exit 2: the reply is used, and standard error is shown"
    requests, done = reply("UserPromptSubmit", "hello one", {"code": 2, "err": "a warning", "out": json.dumps({"additionalContext": "told"})})(client)
    assert requests[0].told("told") and "! a warning" in done.err, done


@copilot
def reply_stop_blocked(client):
    "decision block at the end of a turn: the reason is the next prompt, eight times"
    client.records.answer("Stop", *[json.dumps({"decision": "block", "reason": f"go on {number}"}) for number in range(12)])
    client.once("hello one")
    assert [record.payload["stop_hook_active"] for record in client.records.of("Stop")] == [False] + [True] * 8
    assert [record.payload["prompt"] for record in client.records.of("UserPromptSubmit")] == ["hello one"] + [f"go on {number}" for number in range(8)]


@copilot
def reply_stop_blocked_tui(client):
    "the same in a terminal; a prompt of the user's starts the count anew"
    client.records.answer("Stop", *[json.dumps({"decision": "block", "reason": f"go on {number}"}) for number in range(10)])
    window = client.open()
    window.begin("hello one")
    client.records.wait("Stop", count=9)
    window.begin("another prompt")
    client.records.wait("Stop", count=11)
    window.exit()


@copilot
def reply_too_late(client):
    "a hook that runs over its time is ended, and the turn goes on"
    client.hooks_fail = True
    hooks.register_copilot(client.home.copilot, client.recorder, timeoutSec=1)
    requests, _ = reply("UserPromptSubmit", "hello one", {"sleep": 600, "out": json.dumps({"additionalContext": "told"})})(client)
    assert requests and not requests[0].told("told"), requests


@copilot
def reply_failure_shown(client):
    "what the user sees of a hook that fails with 2 and with 1, in a terminal"
    client.hooks_fail = True
    client.records.answer("UserPromptSubmit", {"code": 2, "err": "a warning of the hook"}, {"code": 1, "err": "a failure of the hook"})
    window = client.open()
    window.ask("hello one")
    window.pane.wait("a warning of the hook")
    window.ask("hello two")
    window.exit()
    assert not any("a failure of the hook" in screen for screen in window.pane.screens)
