"""Codex's terminal interface as a user starts it: one daemon runs the hooks of all panes."""
import processes
from scenarios.register import codex
from waiting import wait_for

ONE_TURN = "A SessionStart startup, A UserPromptSubmit, A Stop,"


@codex
def daemon_two_panes(client):
    "two panes, one daemon, which has the first pane's variables"
    first = client.open_shared()
    first.ask("hello one")
    second = client.open_shared(cwd=client.home.other)
    second.ask("hello two")
    starts = client.records.of("SessionStart")
    assert {start.env["BATON_TEST_WINDOW"] for start in starts} == {"window-1"}, starts
    assert {start.ancestors[0]["pid"] for start in starts} == {client.daemon()}, starts
    for start in starts:
        client.state.expect_shown(start.session, client.daemon())
        client.state.expect_unknown_pane(start.session)
    first.exit()
    second.exit()
    client.stop_daemon()
    client.records.expect(ONE_TURN + "B SessionStart startup, B UserPromptSubmit, B Stop, A SessionEnd other, B SessionEnd other")
    client.state.expect_over(*client.records.sessions())


@codex
def daemon_quit_and_resume(client):
    "resumed within a minute: its end comes just before its start"
    first = client.open_shared()
    first.ask("hello one")
    first.exit()
    [session] = client.records.sessions()
    second = client.open_shared("resume", session)
    second.ask("hello two")
    client.records.expect(ONE_TURN + "A SessionEnd other, A SessionStart resume, A UserPromptSubmit, A Stop")
    client.state.expect_shown(session, client.daemon())
    second.exit()
    client.stop_daemon()
    client.records.wait("SessionEnd", count=2)
    client.state.expect_over(session)


@codex
def daemon_killed(client):
    "kill -9 of the daemon says nothing; the session goes on in the next one"
    first = client.open_shared()
    first.ask("hello one")
    [session] = client.records.sessions()
    before = client.daemon()
    processes.send(before)
    wait_for("the end of the daemon", lambda: not processes.is_alive(before))
    first.kill()
    second = client.open_shared("resume", session)
    second.ask("hello two")
    assert client.daemon() != before
    client.records.expect(ONE_TURN + "A SessionStart resume, A UserPromptSubmit, A Stop")
    assert client.records.of("SessionStart")[1].ancestors[0]["pid"] == client.daemon()


@codex
def daemon_let_go(client):
    "exec resume is refused while the daemon holds the session, and works when it has let go"
    window = client.open_shared()
    window.ask("hello one")
    [session] = client.records.sessions()
    refused = client.run(*client.headless("hello two", ("resume", session)))
    assert refused.code == 1 and "active writer" in refused.err, refused
    window.exit()
    client.stop_daemon()
    client.once("hello three", "resume", session)
    client.records.expect(ONE_TURN + "A SessionEnd other, A SessionStart resume, A UserPromptSubmit, A Stop, A SessionEnd other")
    client.state.expect_over(session)
