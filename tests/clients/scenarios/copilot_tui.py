"""Copilot in a terminal: turns."""
import re

from model_server import Answer
from scenarios.register import copilot

ONE_TURN = "A SessionStart new, A UserPromptSubmit, A Stop,"
LEFT = "A SessionEnd user_exit"
TOOL = "A UserPromptSubmit, A PreToolUse, A PermissionRequest, A PostToolUse, A Stop,"
ASK = "A UserPromptSubmit, A PreToolUse, A PermissionRequest, A Notification permission_prompt,"


@copilot
def tui_prompt_and_exit(client):
    "start, two prompts, /exit; what a hook is started with"
    window = client.open()
    window.ask("hello one")
    window.ask("hello two")
    start = client.records.of("SessionStart")[0]
    assert client.users_of(start.session) == {window.pid}
    window.exit()
    client.records.expect(ONE_TURN + "A UserPromptSubmit, A Stop," + LEFT)
    assert start.env["TMUX_PANE"] == window.pane.id and start.env["COPILOT_PROJECT_DIR"] == str(client.home.work), start.env
    parent = start.ancestors[0]
    assert (parent["pid"], parent["name"]) == (window.pid, "MainThread"), start.ancestors
    assert not client.users_of(start.session)


@copilot
def tui_no_prompt(client):
    "a session without a prompt: an end without a start"
    window = client.open()
    window.exit()
    client.records.expect(LEFT)


@copilot
def tui_first_prompt_argument(client):
    "-i with a prompt: the session starts at once"
    client.model.expect_prompt("hello one", Answer())
    window = client.open("-i", "hello one")
    client.records.wait("Stop")
    window.exit()
    client.records.expect(ONE_TURN + LEFT)


@copilot
def tui_tool(client):
    "a tool call, and one that fails by its exit code"
    window = client.open()
    window.ask("hello one", bash="true")
    window.ask("hello two", bash="exit 3")
    window.exit()
    client.records.expect("A SessionStart new," + TOOL + TOOL + LEFT)


@copilot
def tui_permission_allowed(client):
    "a question is a Notification at once"
    window = client.open(flags=())
    window.begin("hello one", bash="touch made-by-the-model")
    client.records.wait("Notification", "permission_prompt")
    window.pane.keys("Enter")
    client.records.wait("Stop")
    window.exit()
    client.records.expect("A SessionStart new," + ASK + "A PostToolUse, A Stop," + LEFT)


@copilot
def tui_permission_denied(client):
    "Esc at the question ends the turn without an event"
    window = client.open(flags=())
    window.begin("hello one", bash="touch made-by-the-model")
    client.records.wait("Notification", "permission_prompt")
    window.pane.wait("Do you want to run this command")
    window.pane.keys("Escape")
    window.pane.wait("← open sidebar")
    window.ask("hello two")
    window.exit()
    client.records.expect("A SessionStart new," + ASK + "A UserPromptSubmit, A Stop," + LEFT)


@copilot
def tui_interrupted(client):
    "Ctrl-C during an answer fires nothing; the session goes on"
    window = client.open()
    window.ask("hello one")
    release = window.hold("hello two")
    client.interrupt(window)
    release.set()
    window.ask("hello three")
    window.exit()
    client.records.expect(ONE_TURN + "A UserPromptSubmit, A UserPromptSubmit, A Stop," + LEFT)


@copilot
def tui_interrupted_by_esc(client):
    "Esc twice during an answer fires nothing, and puts the prompt back"
    window = client.open()
    window.ask("hello one")
    release = window.hold("hello two")
    client.put_back(window, "hello two")
    release.set()
    window.pane.keys("C-u")
    window.ask("hello three")
    window.exit()
    client.records.expect(ONE_TURN + "A UserPromptSubmit, A UserPromptSubmit, A Stop," + LEFT)


@copilot
def tui_interrupted_tool(client):
    "Ctrl-C during a command: no PostToolUse, no Stop"
    window = client.open()
    window.begin("hello one", bash="touch begun; sleep 600")
    client.records.wait("PermissionRequest")
    window.pane.wait("sleep 600")
    client.interrupt(window)
    window.ask("hello two")
    window.exit()
    client.records.expect("A SessionStart new, A UserPromptSubmit, A PreToolUse, A PermissionRequest, A UserPromptSubmit, A Stop," + LEFT)


@copilot
def tui_prompt_meanwhile(client):
    "a prompt typed during an answer waits; its hook is called when its turn begins"
    window = client.open()
    release = window.hold("hello one")
    client.model.expect_prompt("later two", Answer())
    window.pane.enter("later two")
    window.pane.wait("pending")
    assert len(client.records.of("UserPromptSubmit")) == 1
    release.set()
    client.records.wait("Stop", count=2)
    window.exit()
    client.records.expect(ONE_TURN + "A UserPromptSubmit, A Stop," + LEFT)


@copilot
def tui_model_fails(client):
    "a failing model: ErrorOccurred, no Stop"
    window = client.open()
    window.begin("hello one", fail=True)
    window.pane.wait("400 the model failed")
    window.ask("hello two")
    window.exit()
    client.records.expect("A SessionStart new, A UserPromptSubmit, A ErrorOccurred, A UserPromptSubmit, A Stop," + LEFT)


@copilot
def tui_compact(client):
    "/compact: the same session, only PreCompact"
    window = client.open()
    window.ask("hello one")
    window.command("/compact")
    window.pane.wait("Compaction completed")
    window.ask("hello two")
    window.exit()
    client.records.expect(ONE_TURN + "A PreCompact manual, A UserPromptSubmit, A Stop," + LEFT)


@copilot
def tui_compact_automatic(client):
    "a full context is compacted in the next turn"
    window = client.open()
    window.ask("hello one", say="the context is full")
    window.begin("hello two")
    window.pane.wait("Compaction completed")
    client.records.wait("Stop", count=2)
    window.exit()
    client.records.expect(ONE_TURN + "A UserPromptSubmit, A PreCompact auto, A Stop," + LEFT)


@copilot
def tui_subagent(client):
    "a subagent calls hooks with a session id of its own, which has agent_id besides"
    window = client.open()
    window.ask("hello one", task="do the subtask", say="all words")
    window.exit()
    client.records.expect("""A SessionStart new, A UserPromptSubmit, A PreToolUse, A SubagentStart, B UserPromptSubmit, B Stop
        A SubagentStop, A PostToolUse, A Stop, A SessionEnd user_exit""")
    [start], [inner] = client.records.of("SubagentStart"), [record for record in client.records.of("Stop") if "agent_id" in record.payload]
    assert start.payload["agent_id"] == inner.session == inner.payload["agent_id"] and inner.payload["parent_agent_id"] == start.session, inner.payload


@copilot
def tui_background(client):
    "a command that goes on in the background, and the turn that its end starts"
    window = client.open()
    window.ask("hello one", bash="sleep 2", background=True)
    client.records.wait("Notification", "shell_completed")
    client.records.wait("Stop", count=2)
    window.exit()
    assert re.search("A Stop.*A Notification shell_completed.*A Stop", " ".join(client.records.order()))
