"""Sessions that `baton resume` brings back: in their own home, where their conversation began."""
import pathlib
import re

from client import Window
from scenarios.register import claude_with_baton, codex_with_baton
from terminal import Pane
from waiting import wait_for


def brought_back(client, count):
    """The windows that `baton resume` opens, by session."""
    done = client.baton("resume --lost --tmux")
    found = re.findall(r"session (\S+) is resumed in pane (%\d+)", done.stdout)
    assert done.returncode == 0 and len(found) == count, done
    again = client.baton("resume --lost --tmux")
    assert again.returncode == 0 and again.stdout == "no sessions to resume\n", again
    windows = {}
    for session, pane in found:
        pid = int(client.terminal.run("display-message", "-p", "-t", pane, "#{pane_pid}").stdout)
        window = windows[session] = Window(client, Pane(client.terminal, pane, pid))
        # tmux runs the agent itself, and no shell.
        window.pid = pid
        client.windows.append(window)
        window.pane.wait(client.ready)
    return windows


def killed(client, window, answer):
    """Killed when the answer is in the transcript: Claude writes it a little later, and without one there is nothing to resume. Its session."""
    record = client.records.of("UserPromptSubmit")[-1]
    transcript = pathlib.Path(record.payload["transcript_path"])
    wait_for(f"{answer!r} in {transcript}", lambda: transcript.exists() and answer in transcript.read_text(encoding="utf-8", errors="replace"))
    window.kill()
    return record.session


def goes_on(client, window, session, prompt):
    """The session is the one that was resumed; its latest record."""
    window.ask(prompt)
    record = client.records.of("UserPromptSubmit")[-1]
    assert record.session == session, (session, client.records.order())
    return record


def two_profiles(client):
    "two profiles: each session is resumed in its own home"
    homes = {}
    profiles = [{client.home_variable: str(client.home.directory(client.agent))}, client.add_profile()]
    for number, variables in enumerate(profiles):
        if client.agent == "codex":
            client.embed(pathlib.Path(variables[client.home_variable]))
        window = client.open(variables=variables)
        window.ask(f"hello {number}")
        homes[killed(client, window, f"answer 1 to hello {number}")] = variables[client.home_variable]
    back = brought_back(client, len(profiles))
    for number, (session, home) in enumerate(homes.items()):
        record = goes_on(client, back[session], session, f"go on {number}")
        assert record.env[client.home_variable] == home, record


for register in (claude_with_baton, codex_with_baton):
    register(two_profiles)


@claude_with_baton
def clear_in_subdirectory(client):
    "/clear in a subdirectory, and a shell that went deeper: resumed where the conversation began"
    below = client.home.work / "below"
    below.mkdir()
    window = client.open(cwd=below)
    window.ask("hello one")
    window.command("/clear")
    client.records.wait("SessionStart", "clear")
    window.ask("hello two", bash="mkdir deeper && cd deeper")
    window.ask("hello three")
    assert client.records.of("UserPromptSubmit")[-1].payload["cwd"] == str(below / "deeper"), client.records.of("UserPromptSubmit")[-1]
    session = killed(client, window, "answer 1 to hello three")
    back = brought_back(client, 1)
    record = goes_on(client, back[session], session, "go on")
    assert record.payload["cwd"] == str(below), record
