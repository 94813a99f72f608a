"""opencode run and opencode serve, without a terminal."""
import json
import signal
import threading

from scenarios.register import opencode

NEW = "- plugin.init, A session.created, A chat.message, A session.idle, - dispose\n"
AGAIN = "- plugin.init, A chat.message, A session.idle, - dispose\n"


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
    "by id from another directory, and --continue: the same session; --continue in another directory makes a new one"
    client.once("hello one")
    [session] = client.records.sessions()
    client.once("hello two", "--session", session, cwd=client.home.other)
    client.once("hello three", "--continue")
    client.once("hello four", "--continue", cwd=client.home.other)
    client.records.expect(NEW + AGAIN * 3)


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
    client.records.expect("- plugin.init, A session.created, A chat.message, A tool.execute.before, A shell.env, A tool.execute.after, A session.idle, - dispose")
    lines = (client.home.work / "made-by-the-model").read_text(encoding="utf-8").splitlines()
    pid = client.records.of("chat.message")[0].payload["plugin_pid"]
    assert {"OPENCODE=1", "AGENT=1", f"OPENCODE_PID={pid}", "BATON_TEST_ADDED=by the hook"} <= set(lines), lines
    assert not [line for line in lines if "ses_" in line], lines


@opencode
def run_subagent(client):
    "a subagent is a session of its own, with its parent's id"
    client.model.expect_prompt("look around", client.model.answers.get("look around") or answer())
    client.once("hello one", task="look around")
    client.records.expect("""- plugin.init, A session.created, A chat.message, A tool.execute.before, B session.created, B chat.message, B session.idle
        A tool.execute.after, A session.idle, - dispose""")
    parent, child = client.records.sessions()
    assert client.records.of("session.created")[1].payload["event"]["properties"]["info"]["parentID"] == parent, child


def answer(**more):
    from model_server import Answer
    return Answer(**more)


@opencode
def run_model_fails(client):
    "a service failure is a session.error, and the turn ends"
    client.model.expect_prompt("hello one", answer(fail=True))
    done = client.run("run", "hello one")
    client.records.expect("- plugin.init, A session.created, A chat.message, A session.error, A session.idle, - dispose")
    assert done.code == 1, done


@opencode
def run_permission(client):
    "nobody is there to be asked: refused"
    client.configure(permission={"bash": "ask"})
    client.model.expect_prompt("hello one", answer(bash="touch made-by-the-model"))
    done = client.run("run", "hello one")
    client.records.expect("""- plugin.init, A session.created, A chat.message, A tool.execute.before, A permission.asked, A permission.replied
        A session.idle, - dispose""")
    assert "auto-rejecting" in done.err + done.out and not (client.home.work / "made-by-the-model").exists(), done


def ended_by(client, number):
    """A run that gets a signal in the middle of its turn; its exit code."""
    client.model.expect_prompt("hello one", answer(hold=threading.Event()))
    process = client.start("run", "hello one")
    client.model.wait("hello one")
    client.records.wait("chat.message")
    return client.stop(process, number)


@opencode
def run_sigint(client):
    "SIGINT in the middle of a turn: nothing is said"
    assert ended_by(client, signal.SIGINT) == -signal.SIGINT
    client.records.expect("- plugin.init, A session.created, A chat.message")


@opencode
def run_sigterm(client):
    "SIGTERM in the middle of a turn: nothing is said"
    assert ended_by(client, signal.SIGTERM) == -signal.SIGTERM
    client.records.expect("- plugin.init, A session.created, A chat.message")


@opencode
def run_sighup(client):
    "SIGHUP in the middle of a turn: nothing is said"
    assert ended_by(client, signal.SIGHUP) == -signal.SIGHUP
    client.records.expect("- plugin.init, A session.created, A chat.message")


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
    client.hooks_fail = True
    client.records.answer("chat.message", 1)
    done = client.run("run", "hello one")
    client.records.expect("- plugin.init, A session.created, A chat.message, - dispose")
    assert done.code == 1 and not client.model.sent("hello one"), done


@opencode
def run_tool_hook_throws(client):
    "a tool.execute.before that throws refuses the tool; its words go to the model"
    client.records.answer("tool.execute.before", 2)
    client.once("hello one", bash="touch made-by-the-model")
    client.records.expect("- plugin.init, A session.created, A chat.message, A tool.execute.before, A session.idle, - dispose")
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
    client.model.expect_prompt("hello again", answer())
    client.records.answer("session.idle", json.dumps({"prompt": "hello again"}))
    client.once("hello one")
    client.records.expect(NEW)


@opencode
def serve_and_run(client):
    "run --attach: the server's process calls the hooks, and its end disposes"
    server, address = client.serve()
    client.once("hello one", "--attach", address)
    client.once("hello two", "--attach", address, "--continue")
    client.records.expect("- plugin.init, A session.created, A chat.message, A session.idle, A chat.message, A session.idle")
    assert {record.payload["plugin_pid"] for record in client.records.all()} == {server.pid}
    client.stop(server, signal.SIGTERM)
    client.records.expect("- plugin.init, A session.created, A chat.message, A session.idle, A chat.message, A session.idle")


@opencode
def serve_prompt_at_idle(client):
    "a prompt that a plugin sends at session.idle is the next turn, again and again"
    client.model.expect_prompt("hello again", answer())
    client.records.answer("session.idle", *[json.dumps({"prompt": "hello again"})] * 12)
    server, address = client.serve()
    client.once("hello one", "--attach", address)
    client.model.wait("hello again", count=12)
    client.records.expect("- plugin.init, A session.created" + ", A chat.message, A session.idle" * 13)
