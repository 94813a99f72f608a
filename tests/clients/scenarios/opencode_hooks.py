"""What a plugin of opencode can do, and what its failures do."""
import json

from model_server import Answer
from scenarios.register import opencode

TURN = "A chat.message, A session.idle,"
NEW = "A session.created, A chat.message, A session.idle, - dispose\n"


@opencode
def run_context_added(client):
    "what chat.message adds to the parts reaches the model, once"
    client.records.answer("chat.message", json.dumps({"parts": [{"id": "prt_added", "type": "text", "text": "said by the hook", "synthetic": True}]}))
    client.once("hello one")
    [request] = client.model.sent("hello one")
    assert len(request.told("said by the hook")) == 1, request


@opencode
def run_hook_output_ignored(client):
    "what the program of a hook prints is seen by the plugin alone"
    client.records.answer("chat.message", "these words go nowhere")
    done = client.once("hello one")
    [request] = client.model.sent("hello one")
    assert not request.told("these words") and "these words" not in done.out + done.err, done


@opencode
def run_prompt_hook_throws(client):
    "a chat.message that throws: the prompt is not sent"
    client.records.answer("chat.message", 1)
    done = client.run("run", "hello one")
    client.records.expect("A session.created, A chat.message, - dispose")
    assert done.code == 1 and "Unexpected server error" in done.out + done.err and not client.model.sent("hello one"), done


@opencode
def run_tool_hook_throws(client):
    "a tool.execute.before that throws refuses the tool; its words go to the model"
    client.hooks_fail = True
    client.records.answer("tool.execute.before", 2)
    client.once("hello one", bash="touch made-by-the-model")
    client.records.expect("A session.created, A chat.message, A tool.execute.before, A session.idle, - dispose")
    assert not (client.home.work / "made-by-the-model").exists()
    assert any("the hook of tool.execute.before failed: exit 2" in m.text for m in client.model.sent("hello one")[1].messages if m.role == "tool")


@opencode
def run_event_handler_throws(client):
    "an event handler that throws"
    client.home.env["BATON_TEST_THROW"] = "session.created"
    client.once("hello one")
    client.records.expect(NEW)


@opencode
def run_hook_waits(client):
    "a hook has no time limit: a chat.message of 20 seconds is waited for"
    client.records.answer("chat.message", json.dumps({"sleep": 20_000}))
    client.once("hello one")
    client.records.expect(NEW)


@opencode
def run_idle_handler_waits(client):
    "an event handler is not waited for, but dispose is"
    client.records.answer("session.idle", json.dumps({"sleep": 3_000}))
    client.once("hello one")
    client.records.expect(NEW)


@opencode
def run_prompt_at_idle(client):
    "a prompt that a plugin sends at session.idle comes too late in opencode run"
    client.model.expect_prompt("hello again", Answer())
    client.records.answer("session.idle", json.dumps({"prompt": "hello again"}))
    client.once("hello one")
    client.records.expect(NEW)
    assert not client.model.sent("hello again")


@opencode
def run_prompt_in_turn(client):
    "a prompt that a plugin sends before the turn is over, while the client waits for its hook, is answered in opencode run too"
    client.home.env["BATON_TEST_MORE"] = "experimental.text.complete"
    client.model.expect_prompt("hello again", Answer())
    client.records.answer("experimental.text.complete", *[json.dumps({"prompt": "hello again"})] * 2)
    client.once("hello one")
    client.records.expect("""A session.created, A chat.message, A experimental.text.complete, A chat.message, A experimental.text.complete
        A chat.message, A experimental.text.complete, A session.idle, - dispose""")
    assert len(client.model.sent("hello again")) == 2


@opencode
def run_synchronous(client):
    "a plugin may wait for its program without letting anything else run"
    client.home.env["BATON_TEST_SYNC"] = "1"
    client.once("hello one", bash="echo hi")
    client.records.expect("A session.created, A chat.message, A tool.execute.before, A shell.env, A tool.execute.after, A session.idle, - dispose")


@opencode
def run_project_plugin(client):
    "a plugin of the project runs beside the user's, and nobody is asked to trust it"
    plugins = client.home.work / ".opencode/plugins"
    plugins.mkdir(parents=True)
    (plugins.parent / "node_modules").mkdir()
    (plugins.parent / "package-lock.json").write_text((client.home.opencode / "package-lock.json").read_text(encoding="utf-8"), encoding="utf-8")
    (client.home.opencode / "plugins/recorder.js").rename(plugins / "recorder.js")
    client.once("hello one")
    client.records.expect(NEW)


@opencode
def run_pure(client):
    "--pure loads no plugin"
    client.once("hello one", "--pure")
    client.records.expect("")


@opencode
def run_broken_plugin(client):
    "a plugin that cannot be loaded is noted in the log; the others run"
    client.hooks_fail = True
    (client.home.opencode / "plugins/broken.js").write_text("export const Broken = async () => { throw new Error('broken, as asked') }\n", encoding="utf-8")
    done = client.once("hello one")
    client.records.expect(NEW)
    assert "broken, as asked" not in done.out + done.err, done


@opencode
def run_comments(client):
    "opencode.json may have comments and trailing commas"
    path = client.home.opencode / "opencode.json"
    path.write_text("// a comment\n" + path.read_text(encoding="utf-8").replace('"autoupdate"', '/* another */ "autoupdate"')[:-1] + ", /* end */\n}", encoding="utf-8")
    client.once("hello one")
    client.records.expect(NEW)


@opencode
def tui_prompt_at_idle(client):
    "a plugin goes on with the turn, 12 times"
    client.model.expect_prompt("hello again", Answer())
    client.records.answer("session.idle", *[json.dumps({"prompt": "hello again"})] * 12)
    window = client.open()
    window.ask("hello one")
    client.model.wait("hello again", count=12)
    client.records.wait("session.idle", count=13)
    window.pane.wait("answer 12 to hello again")
    window.exit()
    client.records.expect("A session.created," + TURN * 13 + "- dispose")


@opencode
def tui_toast(client):
    "a plugin can show words to the user"
    client.records.answer("session.idle", json.dumps({"toast": "these words are for you"}))
    window = client.open()
    window.begin("hello one")
    window.pane.wait("these words are for you")
    window.exit()


@opencode
def tui_prompt_hook_throws(client):
    "a chat.message that throws: what the user sees"
    client.records.answer("chat.message", 1)
    window = client.open()
    client.model.expect_prompt("hello one", Answer())
    window.pane.enter("hello one")
    client.records.wait("chat.message")
    window.pane.wait("Unexpected server error")
    window.exit()
    client.records.expect("A session.created, A chat.message, - dispose")
