"""copilot -p."""
import signal
import subprocess
import threading

import hooks
from model_server import Answer
from scenarios.register import copilot
from waiting import wait_for

ONE = "SessionStart new, A UserPromptSubmit, A Stop, A SessionEnd complete"
COMPLETE = ", A SessionEnd complete"
OWN_NAMES = ("sessionStart", "userPromptSubmitted", "userPromptTransformed", "preToolUse", "permissionRequest", "postToolUse", "postToolUseFailure", "agentStop",
             "subagentStart", "subagentStop", "notification", "errorOccurred", "preCompact", "sessionEnd")


@copilot
def print_once(client):
    "one prompt, no terminal"
    client.once("hello one")
    client.records.expect("A " + ONE)
    [session] = client.records.sessions()
    assert not client.users_of(session)


@copilot
def print_resumed(client):
    "--continue and --resume keep the session"
    client.once("hello one")
    [session] = client.records.sessions()
    client.once("hello two", "--continue")
    client.once("hello three", f"--resume={session}")
    client.records.expect(f"A {ONE}, A {ONE.replace('new', 'resume')}, A {ONE.replace('new', 'resume')}")


@copilot
def print_resume_unknown(client):
    "an id that nobody knows: no hook"
    done = client.run(*client.headless("hello", ("--resume=6b2c0f0e-0000-4000-8000-000000000001",)))
    assert done.code == 1 and "No session, task, or name matched" in done.err, done
    client.records.expect("")


@copilot
def print_session_id(client):
    "--session-id names a new session, and resumes it the second time"
    chosen = "6b2c0f0e-0000-4000-8000-000000000002"
    client.once("hello one", "--session-id", chosen)
    client.once("hello two", "--session-id", chosen)
    client.records.expect(f"A {ONE}, A {ONE.replace('new', 'resume')}")
    assert client.records.sessions() == [chosen]


@copilot
def print_tool(client):
    "a tool call; a permission is asked of the hook although all tools are allowed"
    client.once("hello one", bash="env > variables")
    client.records.expect("A SessionStart new, A UserPromptSubmit, A PreToolUse, A PermissionRequest, A PostToolUse, A Stop, A SessionEnd complete")
    [session] = client.records.sessions()
    variables = (client.home.work / "variables").read_text(encoding="utf-8").splitlines()
    assert f"COPILOT_AGENT_SESSION_ID={session}" in variables and "COPILOT_CLI=1" in variables, variables


@copilot
def print_tool_refused(client):
    "without a terminal and without --allow-all-tools a tool call is refused"
    client.model.expect_prompt("hello one", Answer(bash="touch made-by-the-model"))
    assert client.run("-p", "hello one").code == 0
    client.records.expect("A SessionStart new, A UserPromptSubmit, A PreToolUse, A PermissionRequest, A Notification permission_prompt, A Stop, A SessionEnd complete")
    assert not (client.home.work / "made-by-the-model").exists()


@copilot
def print_model_fails(client):
    "a failing model: ErrorOccurred, no Stop"
    client.model.expect_prompt("hello one", Answer(fail=True))
    assert client.run(*client.headless("hello one", ())).code == 1
    client.records.expect("A SessionStart new, A UserPromptSubmit, A ErrorOccurred, A SessionEnd error")


@copilot
def print_own_names(client):
    "events by the client's own names: another form of payload, without the event's name"
    hooks.register_copilot(client.home.copilot, client.recorder, OWN_NAMES)
    client.once("hello one", bash="true")
    client.records.wait("sessionEnd")
    assert {record.event for record in client.records.all()} == {"sessionStart", "userPromptSubmitted", "userPromptTransformed", "preToolUse", "permissionRequest",
                                                                   "postToolUse", "agentStop", "sessionEnd"}
    assert not any("hook_event_name" in record.payload for record in client.records.all())


def signalled(number, expected):
    def play(client):
        release = client.model.expect_prompt("hello one", Answer(hold=threading.Event())).hold
        process = subprocess.Popen([client.program, *client.headless("hello one", ())], cwd=client.home.work, env=client.home.env, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        client.model.wait("hello one")
        process.send_signal(number)
        wait_for("its end", lambda: process.poll() is not None)
        release.set()
        client.records.expect("A SessionStart new, A UserPromptSubmit" + expected)
    play.__name__ = f"print_{number.name.lower()}"
    play.__doc__ = f"{number.name} in the middle of a turn"
    return copilot(play)


for signal_number, end in ((signal.SIGTERM, COMPLETE), (signal.SIGHUP, COMPLETE), (signal.SIGINT, COMPLETE), (signal.SIGKILL, "")):
    signalled(signal_number, end)
