"""opencode run, without a terminal."""
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
