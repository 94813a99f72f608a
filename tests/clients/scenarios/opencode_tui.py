"""opencode's terminal interface."""
import signal

import processes
from model_server import Answer
from chat_wire import FULL
from scenarios.register import opencode
from waiting import wait_for

TURN = "A chat.message, A session.idle,"
NEW = "A session.created," + TURN
SHELL = "A session.created, A chat.message, A tool.execute.before,"


@opencode
def tui_prompt_and_exit(client):
    "start, two prompts, /exit"
    window = client.open()
    window.ask("hello one")
    window.ask("hello two")
    window.exit()
    client.records.expect(NEW + TURN + "- dispose")
    start = client.records.of("session.created")[0]
    assert start.env["TMUX_PANE"] == window.pane.id and start.ancestors[0]["pid"] == window.pid == start.payload["plugin_pid"], start


@opencode
def tui_unused(client):
    "opened and left without a prompt: no session"
    window = client.open()
    client.records.wait("plugin.init")
    window.exit()
    client.records.expect("- dispose")
    assert not client.query("select id from session")


@opencode
def tui_ctrl_c(client):
    "Ctrl-C on an empty prompt leaves at once"
    window = client.open()
    window.ask("hello one")
    window.pane.keys("C-c")
    window.gone()
    client.records.expect(NEW + "- dispose")


@opencode
def tui_ctrl_d(client):
    "Ctrl-D on an empty prompt leaves"
    window = client.open()
    window.ask("hello one")
    window.pane.keys("C-d")
    window.gone()
    client.records.expect(NEW + "- dispose")


def signalled(client, number, expected):
    window = client.open()
    window.ask("hello one")
    processes.send(window.pid, number)
    window.gone()
    client.records.expect(NEW + expected)


@opencode
def tui_sigterm(client):
    "SIGTERM"
    signalled(client, signal.SIGTERM, "- dispose")


@opencode
def tui_sighup(client):
    "SIGHUP"
    signalled(client, signal.SIGHUP, "- dispose")


@opencode
def tui_sigint(client):
    "SIGINT"
    signalled(client, signal.SIGINT, "- dispose")


@opencode
def tui_pane_closed(client):
    "the pane is closed"
    client.open()  # a second pane, so that the terminal outlives the first
    window = client.open()
    window.ask("hello one")
    window.close()
    client.records.expect("" + NEW + "- dispose")


@opencode
def tui_kill_and_resume(client):
    "kill -9 says nothing; --session in another pane goes on, and is heard of with its first prompt"
    first = client.open()
    first.ask("hello one")
    [session] = client.records.sessions()
    first.kill()
    second = client.open("--session", session)
    second.pane.wait("answer 1 to hello one")
    client.records.expect(NEW)
    second.ask("hello two")
    second.exit()
    client.records.expect(NEW + "" + TURN + "- dispose")


@opencode
def tui_continue(client):
    "--continue in another pane, after /exit"
    first = client.open()
    first.ask("hello one")
    first.exit()
    second = client.open("--continue")
    second.pane.wait("answer 1 to hello one")
    second.ask("hello two")
    second.exit()
    client.records.expect(NEW + "- dispose, " + TURN + "- dispose")


@opencode
def tui_resume_elsewhere(client):
    "--session from another directory: two instances in one process, and the session keeps its own"
    first = client.open()
    first.ask("hello one")
    [session] = client.records.sessions()
    first.exit()
    second = client.open("--session", session, cwd=client.home.other)
    second.pane.wait("answer 1 to hello one")
    second.ask("hello two")
    # What the two instances say at the end depends on the machine: both must be disposed of within five seconds.
    client.records.expect(NEW + "- dispose," + TURN)
    again = client.records.of("chat.message")[1]
    assert again.payload["directory"] == str(client.home.work) and again.cwd == str(client.home.other), again
    second.exit()


@opencode
def tui_new(client):
    "/new: no event before the first prompt of the new session"
    window = client.open()
    window.ask("hello one")
    window.command("/new")
    wait_for("an empty conversation", lambda: not window.pane.shows("answer 1 to") and window.pane.shows(client.ready))
    client.records.expect(NEW)
    window.ask("hello two")
    window.exit()
    client.records.expect(NEW + "B session.created, B chat.message, B session.idle, - dispose")


@opencode
def tui_picker(client):
    "/sessions to an older session: no event before its first prompt"
    older = client.open()
    older.ask("hello one")
    older.exit()
    window = client.open()
    window.ask("hello two")
    window.command("/sessions")
    window.pane.wait(r"Today")
    window.pane.keys("Down")
    window.pane.keys("Enter")
    window.pane.wait("answer 1 to hello one")
    seen = NEW + "- dispose, B session.created, B chat.message, B session.idle,"
    client.records.expect(seen)
    window.ask("hello three")
    window.exit()
    client.records.expect(seen + TURN + "- dispose")


@opencode
def tui_fork(client):
    "/fork makes a second session, in the same process"
    window = client.open()
    window.ask("hello one")
    window.command("/fork")
    window.pane.wait("Full session")
    window.pane.keys("Enter")
    client.records.wait("session.created", count=2)
    window.pane.wait(r"\(fork #1\)")
    window.ask("hello two")
    window.exit()
    client.records.expect(NEW + "B session.created, B chat.message, B session.idle, - dispose")


@opencode
def tui_fork_session(client):
    "--session --fork in a second pane, while the first is open"
    first = client.open()
    first.ask("hello one")
    [original] = client.records.sessions()
    second = client.open("--session", original, "--fork")
    second.pane.wait("answer 1 to hello one")
    second.ask("hello two")
    second.exit()
    client.records.expect(NEW + "B session.created, B chat.message, B session.idle, - dispose")


@opencode
def tui_two_windows(client):
    "one session in two windows of two processes"
    first = client.open()
    first.ask("hello one")
    [session] = client.records.sessions()
    second = client.open("--session", session)
    second.pane.wait("answer 1 to hello one")
    second.ask("hello two")
    assert not first.pane.shows("hello two")
    first.ask("hello three")
    first.exit()
    second.exit()
    client.records.expect(NEW + "" + TURN * 2 + "- dispose, - dispose")


@opencode
def tui_interrupted(client):
    "Esc twice during an answer: an error, and the end of the turn"
    window = client.open()
    release = window.hold("hello one")
    client.interrupt(window)
    client.records.wait("session.idle", count=2)
    release.set()
    window.ask("hello two")
    window.exit()
    client.records.expect("A session.created, A chat.message, A session.error, A session.idle, A session.idle," + TURN + "- dispose")


@opencode
def tui_model_fails(client):
    "a service failure is a session.error, and the turn ends"
    window = client.open()
    window.begin("hello one", fail=True)
    client.records.wait("session.idle", count=2)
    window.exit()
    client.records.expect("A session.created, A chat.message, A session.error, A session.idle, A session.idle, - dispose")


@opencode
def tui_permission_allowed(client):
    "a question, answered with yes"
    client.configure(permission={"bash": "ask"})
    window = client.open()
    window.begin("hello one", bash="touch made-by-the-model")
    client.records.wait("permission.asked")
    window.pane.wait("Allow once")
    window.pane.keys("Enter")
    client.records.wait("session.idle")
    window.exit()
    client.records.expect(SHELL + "A permission.asked, A permission.replied, A shell.env, A tool.execute.after, A session.idle, - dispose")


@opencode
def tui_permission_rejected(client):
    "a question, answered with no"
    client.configure(permission={"bash": "ask"})
    window = client.open()
    window.begin("hello one", bash="touch made-by-the-model")
    client.records.wait("permission.asked")
    window.pane.wait("Allow once")
    window.pane.keys("Escape")
    client.records.wait("permission.replied")
    client.records.wait("session.idle")
    window.exit()
    client.records.expect(SHELL + "A permission.asked, A permission.replied, A session.idle, - dispose")


@opencode
def tui_compact(client):
    "/compact: the same session; a turn of the client's own"
    window = client.open()
    window.ask("hello one")
    window.command("/compact")
    client.records.wait("session.compacted")
    client.records.wait("session.idle", count=2)
    window.ask("hello two")
    window.exit()
    client.records.expect(NEW + "A experimental.session.compacting, A session.compacted, A session.idle," + TURN + "- dispose")


@opencode
def tui_compact_automatic(client):
    "a context that is full is compacted in the same turn, which then goes on without a chat.message"
    window = client.open()
    window.ask("hello one", say=FULL)
    window.ask("hello two")
    window.exit()
    client.records.expect("""A session.created, A chat.message, A experimental.session.compacting, A experimental.compaction.autocontinue, A session.compacted
        A session.idle""" + "," + TURN + "- dispose")


@opencode
def tui_subagent(client):
    "a subagent"
    client.model.expect_prompt("look around", Answer())
    window = client.open()
    window.ask("hello one", task="look around")
    window.exit()
    client.records.expect(SHELL + "B session.created, B chat.message, B session.idle, A tool.execute.after, A session.idle, - dispose")


@opencode
def tui_killed_in_turn(client):
    "kill -9 in the middle of a turn: nothing is said"
    window = client.open()
    window.hold("hello one")
    window.kill()
    client.records.expect("A session.created, A chat.message")


@opencode
def tui_exit_in_turn(client):
    "Ctrl-C in the middle of a turn: interrupted, and left; the last events come in any order"
    window = client.open()
    window.hold("hello one")
    window.pane.keys("C-c")
    window.gone()
    expected = ["A session.created", "A chat.message", "A session.error", "A session.idle", "A session.idle", "- dispose"]
    wait_for("the events of an interrupt and of an exit", lambda: sorted(client.records.order()) == sorted(expected), detail=lambda: str(client.records.order()))
