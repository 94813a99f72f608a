"""gemini -p."""
import json
import signal
import subprocess

import processes
from model_server import Answer
from scenarios.gemini_events import end, start, turn
from scenarios.register import gemini
from waiting import wait_for


@gemini
def print_once(client):
    "one prompt, no terminal: one end"
    client.once("hello one")
    client.records.expect(start() + turn() + end(times=1))


@gemini
def print_json(client):
    "--output-format json names the session"
    client.once("hello one", "--output-format", "json")
    assert json.loads(client.finished[-1].out)["session_id"] == client.records.sessions()[0], client.finished[-1].out


@gemini
def print_tool(client):
    "a shell call"
    client.once("hello one", bash="tty > made-by-the-model; env | grep -c GEMINI_SESSION_ID >> made-by-the-model")
    assert (client.home.work / "made-by-the-model").read_text(encoding="utf-8").splitlines()[-1] == "0"
    client.records.expect(start() + turn(call=True) + end(times=1))


@gemini
def print_resume(client):
    "--resume and --resume ID keep the session"
    client.once("hello one")
    [session] = client.records.sessions()
    client.once("hello two", "--resume", "latest")
    client.once("hello three", "--resume", session)
    again = start(source="resume") + turn() + end(times=1)
    client.records.expect(start() + turn() + end(times=1) + again + again)


@gemini
def print_resume_elsewhere(client):
    "a session cannot be resumed from another directory"
    client.once("hello one")
    [session] = client.records.sessions()
    seen = len(client.records.all())
    done = client.run(*client.headless("hello two", ("--resume", session)), cwd=client.home.other)
    assert done.code == 42 and "No previous sessions found for this project" in done.err, done
    assert len(client.records.all()) == seen, client.records.order()


@gemini
def print_session_id(client):
    "--session-id chooses the id of a new session"
    chosen = "6b2c0f0e-0000-4000-8000-000000000001"
    client.once("hello one", "--session-id", chosen)
    assert client.records.sessions() == [chosen]


@gemini
def print_model_fails(client):
    "a service failure: the end of the session, not of the turn"
    client.model.expect_prompt("hello one", Answer(fail=True))
    assert client.run(*client.headless("hello one", ())).code
    client.records.expect(start() + turn(after="") + end(times=1))


def held(client):
    """`gemini -p` whose answer does not come; its outer and inner process."""
    from threading import Event

    client.model.expect_prompt("hello one", Answer(hold=Event()))
    outer = subprocess.Popen([client.program, *client.headless("hello one", ())], cwd=client.home.work, env=client.home.env,
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    client.model.wait("hello one")
    return outer, client.inner(outer.pid)


@gemini
def print_sigterm(client):
    "SIGTERM of the inner process: an end is said"
    outer, inner = held(client)
    processes.send(inner, signal.SIGTERM)
    outer.wait()
    client.records.expect(start() + turn(after="") + end(times=1))


@gemini
def print_kill(client):
    "kill -9 of the inner process says nothing"
    outer, inner = held(client)
    processes.send(inner)
    outer.wait()
    wait_for("the end of the inner process", lambda: not processes.is_alive(inner))
    client.records.expect(start() + turn(after=""))


@gemini
def print_untrusted(client):
    "in a folder that nobody trusts"
    (client.home.gemini / "trustedFolders.json").unlink()
    client.model.expect_prompt("hello one", Answer())
    done = client.run("-p", "hello one")
    assert done.code and "trust" in done.err, done
    client.records.expect("")
