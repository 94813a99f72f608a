"""A run, and who owns it while sessions come and go."""
import processes
from scenarios.register import claude_with_baton, codex_with_baton
from waiting import wait_for

START = "baton run start nightly"
OFFERED = "left in this window"
MOVED = r"run \S+ \(\w+\) moved here from"


def started(client, window, owner=None):
    """Start the run through the client's own tool; the session, and the run's record."""
    window.ask("start the work", bash=START)
    session = client.records.of("UserPromptSubmit")[-1].session
    run = made(client)
    client.state.expect_owner("nightly", session, owner or window.pid, run["fence"])
    return session, run


def made(client):
    """The run's record, once the model's command has made it."""
    run = client.state.run("nightly")
    assert run, [message for message in client.model.requests[-1].messages if message.role == "tool"]
    return run


def told(client, prompt, run):
    """How often the model, with this prompt, was told of the run by a hook."""
    return len(client.model.sent(prompt)[-1].told(run["id"]))


def went_on(client, window, session, run, owner=None):
    """The run moved once to the process that goes on with its session; the model's next request says so, once, and the user saw it."""
    window.ask("go on")
    client.state.expect_owner("nightly", session, owner or window.pid, run["fence"] + 1)
    assert told(client, "go on", run) == 1, client.model.sent("go on")
    assert client.model.sent("go on")[-1].told(f"now owns run {run['id']} in this process"), client.model.sent("go on")
    window.pane.wait(MOVED)
    window.ask("and on")
    assert told(client, "and on", run) == 1, client.model.sent("and on")
    client.state.expect_owner("nightly", session, owner or window.pid, run["fence"] + 1)


def moved_headless(client, session, run):
    """The same where a prompt is a process of its own, which is over by now."""
    moved = client.state.run("nightly")
    assert (moved["fence"], moved["owner"]["session"]) == (run["fence"] + 1, session), moved
    assert told(client, "go on", run) == 1, client.model.sent("go on")


@claude_with_baton
def run_kill_and_resume(client):
    "kill -9 and --resume: moved once, and the model is told once"
    first = client.open()
    session, run = started(client, first)
    first.kill()
    second = client.open("--resume", session)
    went_on(client, second, session, run)
    second.exit()
    client.state.expect_shown(session)
    client.state.expect_owner("nightly", session, second.pid, run["fence"] + 1)


@claude_with_baton
def run_print_and_resume(client):
    "the same with -p, where each prompt is a process of its own"
    client.once("start the work", bash=START)
    [session] = client.records.sessions()
    run = made(client)
    client.once("go on", "--resume", session)
    moved_headless(client, session, run)


@claude_with_baton
def run_resume_elsewhere(client):
    "the same with --resume from another directory"
    client.once("start the work", bash=START)
    [session] = client.records.sessions()
    run = made(client)
    client.once("go on", "--resume", session, cwd=client.home.other)
    moved_headless(client, session, run)


@claude_with_baton
def run_continue(client):
    "/exit and --continue: moved once, and the model is told once"
    first = client.open()
    session, run = started(client, first)
    first.exit()
    client.state.expect_over(session)
    went_on(client, client.open("--continue"), session, run)


@claude_with_baton
def run_pane_closed(client):
    "the pane is closed: the run waits, and goes on where its session does"
    client.open()  # a second pane, so that the terminal outlives the first
    first = client.open()
    session, run = started(client, first)
    first.close()
    client.state.expect_over(session)
    client.state.expect_owner("nightly", session, first.pid, run["fence"])
    went_on(client, client.open("--resume", session), session, run)


@claude_with_baton
def run_follows_clear(client):
    "/clear: the run goes with the user, into the new session, and the user is told"
    follows(client, "/clear", "clear")


@claude_with_baton
def run_follows_branch(client):
    "/branch: as /clear"
    follows(client, "/branch", "fork")


def follows(client, command, source):
    window = client.open()
    session, run = started(client, window)
    window.command(command)
    client.records.wait("SessionStart", source)
    window.pane.wait(MOVED)
    window.ask("go on")
    new = client.records.sessions()[1]
    assert session != new
    client.state.expect_owner("nightly", new, window.pid, run["fence"] + 1)
    assert told(client, "go on", run) == 1, client.model.sent("go on")


@claude_with_baton
def run_resume_away_and_back(client):
    "/resume to another session and back: the run stays with its own"
    older = client.open()
    older.ask("hello one")
    [other] = client.records.sessions()
    older.exit()
    window = client.open()
    session, run = started(client, window)
    for count, (to, prompt) in enumerate([(other, "hello two"), (session, "go on")], start=1):
        window.command("/resume " + to)
        client.records.wait("SessionStart", "resume", count)
        window.ask(prompt)
        client.state.expect_owner("nightly", session, window.pid, run["fence"])
    assert told(client, "hello two", run) == 0, client.model.sent("hello two")


@claude_with_baton
def run_fork_session(client):
    "--fork-session in a second pane: the run stays with the session that was forked"
    first = client.open()
    session, run = started(client, first)
    second = client.open("--resume", session, "--fork-session")
    second.ask("go on")
    client.state.expect_shown(client.records.sessions()[1], second.pid)
    client.state.expect_owner("nightly", session, first.pid, run["fence"])


@claude_with_baton
def run_two_windows(client):
    "a second window on the session takes nothing from the living first, and says where the owner is"
    first = client.open()
    session, run = started(client, first)
    second = client.open("--resume", session)
    second.ask("go on")
    client.state.expect_shown(session, first.pid, second.pid)
    client.state.expect_owner("nightly", session, first.pid, run["fence"])
    second.pane.wait(rf"stays with pane {first.pane.id}, pid {first.pid}\b")


@codex_with_baton
def run_kill_and_resume(client):  # noqa: F811  (each is registered under its client's name)
    "kill -9 and codex resume: moved once, and the model is told once"
    first = client.open()
    session, run = started(client, first)
    first.kill()
    second = client.open("resume", session)
    went_on(client, second, session, run)
    second.exit()
    client.state.expect_shown(session)


@codex_with_baton
def run_quit_and_resume(client):
    "/quit and codex resume: as after kill -9"
    first = client.open()
    session, run = started(client, first)
    first.exit()
    client.state.expect_over(session)
    went_on(client, client.open("resume", session), session, run)


@codex_with_baton
def run_exec_and_resume(client):
    "the same with exec, where each prompt is a process of its own"
    session = client.session_named(client.once("start the work", bash=START))
    run = made(client)
    client.once("go on", "resume", session)
    moved_headless(client, session, run)


@codex_with_baton
def run_stays_after_new(client):
    "/new names no predecessor: the run stays where it is"
    window = client.open()
    session, run = started(client, window)
    client.switch(window, "/new")
    stayed(client, window, session, run)


@codex_with_baton
def run_offered_after_clear(client):
    "/clear: the run is offered to the user, and not followed"
    window = client.open()
    session, run = started(client, window)
    client.switch(window, "/clear")
    stayed(client, window, session, run)
    window.pane.wait(OFFERED)
    window.pane.wait(f"baton run adopt {run['id']}")


@codex_with_baton
def run_adopted_after_new(client):
    "/new, and the run taken by the command that the user is shown: it goes on in the new thread"
    window = client.open()
    session, run = started(client, window)
    client.switch(window, "/new")
    stayed(client, window, session, run)
    new = client.records.sessions()[1]
    shown = window.pane.wait(rf"baton (run adopt {run['id']} --take\s+--session\s+{new})")
    done = client.baton(" ".join(shown.group(1).split()))
    assert done.returncode == 0, done
    client.state.expect_owner("nightly", new, window.pid, run["fence"] + 1)
    window.ask("and on")
    assert told(client, "and on", run) == 1, client.model.sent("and on")


def stayed(client, window, session, run):
    window.ask("go on")
    client.state.expect_shown(client.records.sessions()[1], window.pid)
    client.state.expect_owner("nightly", session, window.pid, run["fence"])
    assert told(client, "go on", run) == 0, client.model.sent("go on")


@codex_with_baton
def run_daemon_two_panes(client):
    "two panes of one daemon: the second takes nothing of the first's"
    first = client.open_shared()
    session, run = started(client, first, client.daemon())
    second = client.open_shared()
    second.ask("go on")
    [_, other] = client.records.sessions()
    client.state.expect_shown(other, client.daemon())
    client.state.expect_owner("nightly", session, client.daemon(), run["fence"])
    assert told(client, "go on", run) == 0, client.model.sent("go on")
    first.ask("and on")
    client.state.expect_owner("nightly", session, client.daemon(), run["fence"])
    for shown in (session, other):
        client.state.expect_unknown_pane(shown)


@codex_with_baton
def run_daemon_quit_and_resume(client):
    "quit and resumed within a minute: the same daemon goes on with it"
    first = client.open_shared()
    session, run = started(client, first, client.daemon())
    first.exit()
    second = client.open_shared("resume", session)
    second.ask("go on")
    client.records.wait("SessionStart", "resume")
    client.state.expect_owner("nightly", session, client.daemon(), run["fence"])


@codex_with_baton
def run_daemon_killed(client):
    "kill -9 of the daemon: moved once, to the next one"
    first = client.open_shared()
    session, run = started(client, first, client.daemon())
    before = client.daemon()
    processes.send(before)
    wait_for("the end of the daemon", lambda: not processes.is_alive(before))
    first.kill()
    second = client.open_shared("resume", session)
    went_on(client, second, session, run, client.daemon())
    assert client.daemon() != before


@codex_with_baton
def run_daemon_let_go(client):
    "exec resume, when the daemon has let go: moved once"
    window = client.open_shared()
    session, run = started(client, window, client.daemon())
    window.exit()
    client.stop_daemon()
    client.once("go on", "resume", session)
    moved_headless(client, session, run)
