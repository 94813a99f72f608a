"""opencode run and opencode serve, without a terminal."""
import json
import signal
import threading

from model_server import Answer
from scenarios.register import opencode

NEW = "A session.created, A chat.message, A session.idle, - dispose\n"
AGAIN = "A chat.message, A session.idle, - dispose\n"


@opencode
def run_once(client):
    "one prompt, no terminal"
    client.once("hello one")
    client.records.expect(NEW)


@opencode
def run_every_event(client):
    "every hook and every event of one turn with a tool call"
    client.home.env["BATON_TEST_ALL"] = "1"
    client.once("hello one", bash="echo hi")
    seen = {record.event for record in client.records.all()}
    assert {"chat.params", "message.part.updated", "session.status", "session.updated"} <= seen, seen


@opencode
def run_resume(client):
    "by id, and --continue in the same directory: the same session; --continue in another directory makes a new one"
    client.once("hello one")
    [session] = client.records.sessions()
    client.once("hello two", "--session", session)
    client.once("hello three", "--continue")
    client.once("hello four", "--session", session, "--dir", str(client.home.work), cwd=client.home.other)
    client.once("hello five", "--continue", cwd=client.home.other)
    client.records.expect(NEW + AGAIN * 3 + NEW.replace("A ", "B "))


@opencode
def run_resume_elsewhere(client):
    "by id from another directory: the turn is over, but the command does not end"
    client.once("hello one")
    [session] = client.records.sessions()
    client.model.expect_prompt("hello two", Answer())
    process = client.start("run", "--session", session, "hello two", cwd=client.home.other)
    client.records.wait("session.idle", count=2)
    directories = [record.payload["directory"] for record in client.records.of("plugin.init")]
    assert directories == [str(d) for d in (client.home.work, client.home.other, client.home.work)], directories
    assert process.poll() is None
    client.stop(process, signal.SIGKILL)
    client.records.expect(NEW + AGAIN.replace("- dispose", ""))


@opencode
def run_fork(client):
    "--fork makes a second session"
    client.once("hello one")
    [session] = client.records.sessions()
    client.once("hello two", "--session", session, "--fork")
    client.records.expect(NEW + NEW.replace("A ", "B "))


@opencode
def run_tool(client):
    "the shell of a tool knows the client's process, and what a hook adds"
    client.records.answer("shell.env", json.dumps({"env": {"BATON_TEST_ADDED": "by the hook"}}))
    client.once("hello one", bash="env > made-by-the-model")
    client.records.expect("A session.created, A chat.message, A tool.execute.before, A shell.env, A tool.execute.after, A session.idle, - dispose")
    lines = (client.home.work / "made-by-the-model").read_text(encoding="utf-8").splitlines()
    pid = client.records.of("chat.message")[0].payload["plugin_pid"]
    assert {"OPENCODE=1", "AGENT=1", f"OPENCODE_PID={pid}", "BATON_TEST_ADDED=by the hook"} <= set(lines), lines
    assert not [line for line in lines if "ses_" in line], lines


@opencode
def run_subagent(client):
    "a subagent is a session of its own, with its parent's id"
    client.model.expect_prompt("look around", Answer())
    client.once("hello one", task="look around")
    client.records.expect("""A session.created, A chat.message, A tool.execute.before, B session.created, B chat.message, B session.idle
        A tool.execute.after, A session.idle, - dispose""")
    parent, child = client.records.sessions()
    assert client.records.of("session.created")[1].payload["event"]["properties"]["info"]["parentID"] == parent, child


@opencode
def run_model_fails(client):
    "a service failure is a session.error, and the turn ends"
    client.model.expect_prompt("hello one", Answer(fail=True))
    done = client.run("run", "hello one")
    client.records.expect("A session.created, A chat.message, A session.error, A session.idle, A session.idle, - dispose")
    assert done.code == 1, done


@opencode
def run_permission(client):
    "nobody is there to be asked: refused"
    client.configure(permission={"bash": "ask"})
    client.model.expect_prompt("hello one", Answer(bash="touch made-by-the-model"))
    done = client.run("run", "hello one")
    client.records.expect("""A session.created, A chat.message, A tool.execute.before, A permission.asked, A permission.replied
        A session.idle, - dispose""")
    assert "auto-rejecting" in done.err + done.out and not (client.home.work / "made-by-the-model").exists(), done


def ended_by(client, number):
    """A run that gets a signal in the middle of its turn; its exit code."""
    client.model.expect_prompt("hello one", Answer(hold=threading.Event()))
    process = client.start("run", "hello one")
    client.model.wait("hello one")
    client.records.wait("chat.message")
    return client.stop(process, number)


@opencode
def run_sigint(client):
    "SIGINT in the middle of a turn: nothing is said"
    assert ended_by(client, signal.SIGINT) == -signal.SIGINT
    client.records.expect("A session.created, A chat.message")


@opencode
def run_sigterm(client):
    "SIGTERM in the middle of a turn: nothing is said"
    assert ended_by(client, signal.SIGTERM) == -signal.SIGTERM
    client.records.expect("A session.created, A chat.message")


@opencode
def run_sighup(client):
    "SIGHUP in the middle of a turn: nothing is said"
    assert ended_by(client, signal.SIGHUP) == -signal.SIGHUP
    client.records.expect("A session.created, A chat.message")


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
def serve_and_run(client):
    "run --attach: the server's process calls the hooks, and its end disposes"
    server, address = client.serve()
    client.once("hello one", "--attach", address)
    client.once("hello two", "--attach", address, "--continue")
    client.records.expect("A session.created, A chat.message, A session.idle, A chat.message, A session.idle")
    assert {record.payload["plugin_pid"] for record in client.records.all()} == {server.pid}
    client.stop(server, signal.SIGTERM)
    client.records.expect("A session.created, A chat.message, A session.idle, A chat.message, A session.idle")


@opencode
def serve_prompt_at_idle(client):
    "a prompt that a plugin sends at session.idle is the next turn, again and again"
    client.model.expect_prompt("hello again", Answer())
    client.records.answer("session.idle", *[json.dumps({"prompt": "hello again"})] * 12)
    server, address = client.serve()
    client.once("hello one", "--attach", address)
    client.model.wait("hello again", count=12)
    client.records.expect("A session.created" + ", A chat.message, A session.idle" * 13)


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
    path.write_text("// a comment\n" + path.read_text(encoding="utf-8").replace('"autoupdate"', '/* another */ "autoupdate"').rstrip("}") + "}, /* end */\n}", encoding="utf-8")
    client.once("hello one")
    client.records.expect(NEW)
