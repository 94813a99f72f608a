"""Six agents in six panes, what a crash takes from them, and how they come back."""
import json

from processes import is_alive
from scenarios.register import claude_with_baton, codex_with_baton
from scenarios.resumes import brought_back
from waiting import wait_for

SIZE = 6


def status(client):
    done = client.baton("status --json")
    assert done.returncode == 0, done
    return json.loads(done.stdout)


def expect(client, alive, lost):
    """These sessions live and wait for the user; these can be brought back, and their runs are interrupted."""
    def is_so():
        now = status(client)
        owners = {run["owner"]["session"] for run in now["interrupted"]}
        idle = {wait["session"] for wait in now["waiting"] if wait["cause"] == "idle"}
        return ({row["id"] for row in now["alive"]}, idle, {row["id"] for row in now["lost"]}, owners) == (set(alive), set(alive), set(lost), set(lost))
    wait_for(f"{len(alive)} alive and {len(lost)} lost", is_so, detail=lambda: json.dumps(status(client), indent=1))


def opened(client):
    """Six windows, and the session of each, which owns a run."""
    windows, sessions = [], []
    for number in range(SIZE):
        windows.append(client.open())
        windows[-1].ask(f"begin {number}", bash=f"baton run start piece-{number}")
        sessions.append(client.records.of("UserPromptSubmit")[-1].session)
    assert len(set(sessions)) == SIZE, sessions
    return windows, sessions


def play(client):
    windows, sessions = opened(client)
    expect(client, sessions, [])
    windows[0].kill()
    windows[1].kill()
    expect(client, sessions[2:], sessions[:2])
    windows[2].close()
    expect(client, sessions[3:], sessions[:3])
    client.terminal.run("kill-server")
    wait_for("the end of all agents", lambda: not any(is_alive(window.pid) for window in windows))
    expect(client, [], sessions)
    back = brought_back(client, SIZE)
    for number, session in enumerate(sessions):
        for prompt in (f"go on {number}", f"and on {number}"):
            back[session].ask(prompt)
            client.state.expect_owner(f"piece-{number}", session, back[session].pid, 2)
    expect(client, sessions, [])


@claude_with_baton
def fleet(client):
    "six agents: two killed, a pane closed, the tmux server killed; all come back, each once, with their runs"
    play(client)


@codex_with_baton
def fleet_embedded(client):
    "the same of Codex, where each process runs its own hooks"
    client.embed(client.home.codex)
    play(client)
