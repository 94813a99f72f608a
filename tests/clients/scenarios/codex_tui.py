"""Codex's terminal interface, embedded: the process in the pane runs the hooks."""
from scenarios.register import codex

ONE_TURN = "A SessionStart startup, A UserPromptSubmit, A Stop,"


@codex
def tui_prompt_and_quit(client):
    "the session starts with the first prompt"
    window = client.open()
    window.ask("hello one")
    start = client.records.wait("SessionStart")
    client.state.expect_shown(start.session, window.pid)
    window.ask("hello two")
    window.exit()
    client.records.expect(ONE_TURN + "A UserPromptSubmit, A Stop, A SessionEnd other")
    assert start.env["TMUX_PANE"] == window.pane.id and start.ancestors[0]["pid"] == window.pid, start
    client.state.expect_over(start.session)


@codex
def tui_unused(client):
    "opened and left without a prompt: an end that no start came before"
    client.open().exit()
    client.records.expect("A SessionEnd other")
    client.state.expect_unheard(client.records.sessions()[0])


@codex
def tui_new(client):
    "/new: both sessions stay loaded until the process ends"
    window = client.open()
    window.ask("hello one")
    client.switch(window, "/new")
    window.ask("hello two")
    client.state.expect_shown(client.records.sessions()[1], window.pid)
    window.exit()
    client.records.expect(ONE_TURN + "B SessionStart startup, B UserPromptSubmit, B Stop, A SessionEnd other, B SessionEnd other")
    client.state.expect_over(*client.records.sessions())


@codex
def tui_clear(client):
    "/clear: as /new, but its start says so"
    window = client.open()
    window.ask("hello one")
    client.switch(window, "/clear")
    window.ask("hello two")
    window.exit()
    client.records.expect(ONE_TURN + "B SessionStart clear, B UserPromptSubmit, B Stop, A SessionEnd other, B SessionEnd other")
    client.state.expect_over(*client.records.sessions())


@codex
def tui_fork(client):
    "/fork: as /new"
    window = client.open()
    window.ask("hello one")
    client.switch(window, "/fork")
    window.ask("hello two")
    window.exit()
    client.records.expect(ONE_TURN + "B SessionStart fork, B UserPromptSubmit, B Stop, A SessionEnd other, B SessionEnd other")
    client.state.expect_over(*client.records.sessions())


@codex
def tui_resume(client):
    "codex resume in another pane, after /quit"
    first = client.open()
    first.ask("hello one")
    first.exit()
    [session] = client.records.sessions()
    second = client.open("resume", session)
    second.ask("hello two")
    client.state.expect_shown(session, second.pid)
    second.exit()
    client.records.expect(ONE_TURN + "A SessionEnd other, A SessionStart resume, A UserPromptSubmit, A Stop, A SessionEnd other")
    client.state.expect_over(session)


@codex
def tui_kill_and_resume(client):
    "kill -9 says nothing; codex resume in another pane goes on"
    first = client.open()
    first.ask("hello one")
    [session] = client.records.sessions()
    first.kill()
    second = client.open("resume", session)
    second.ask("hello two")
    second.exit()
    client.records.expect(ONE_TURN + "A SessionStart resume, A UserPromptSubmit, A Stop, A SessionEnd other")
    assert client.records.of("SessionStart")[1].ancestors[0]["pid"] == second.pid


@codex
def tui_pane_closed(client):
    "the pane is closed: nothing is said"
    client.open()  # a second pane, so that the terminal outlives the first
    window = client.open()
    window.ask("hello one")
    window.close()
    client.records.expect(ONE_TURN.rstrip(","))


@codex
def tui_interrupted(client):
    "Esc during an answer is an Interrupt, without a Stop"
    window = client.open()
    release = window.hold("hello one")
    client.interrupt(window)
    release.set()
    window.pane.keys("C-u")
    window.ask("hello two")
    window.exit()
    client.records.expect("A SessionStart startup, A UserPromptSubmit, A Interrupt, A UserPromptSubmit, A Stop, A SessionEnd other")


@codex
def tui_compact(client):
    "/compact: the same session, started again at the next prompt"
    window = client.open()
    window.ask("hello one")
    window.command("/compact")
    window.pane.wait("Context compacted")
    window.ask("hello two")
    window.exit()
    client.records.expect(ONE_TURN + "A PreCompact manual, A SessionStart compact, A UserPromptSubmit, A Stop, A SessionEnd other")


@codex
def tui_permission(client):
    "a question is a PermissionRequest"
    window = client.open("--sandbox", "read-only")
    window.begin("hello one", bash="touch made-by-the-model", escalate=True)
    client.records.wait("PermissionRequest")
    window.pane.wait("Yes, proceed")
    window.pane.keys("y")
    client.records.wait("Stop")
    window.exit()
    client.records.expect("A SessionStart startup, A UserPromptSubmit, A PermissionRequest, A Stop, A SessionEnd other")
