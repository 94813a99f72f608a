"""A run, and who owns it while sessions come and go."""
from scenarios.register import claude_with_baton, codex_with_baton

START = "baton run start nightly"


def started(client, window):
    """Start the run through the client's own tool; the session, and the run's record."""
    window.ask("start the work", bash=START)
    [session] = client.records.sessions()
    run = made(client)
    client.state.expect_owner("nightly", session, window.pid, run["fence"])
    return session, run


def made(client):
    """The run's record, once the model's command has made it."""
    run = client.state.run("nightly")
    assert run, [message for message in client.model.requests[-1].messages if message.role == "tool"]
    return run


def told(client, prompt, run):
    """How often the model, with this prompt, was told of the run by a hook."""
    return len(client.model.sent(prompt)[-1].told(run["id"]))


@claude_with_baton
def run_kill_and_resume(client):
    "kill -9 and --resume: moved once, and the model is told once"
    first = client.open()
    session, run = started(client, first)
    first.kill()
    second = client.open("--resume", session)
    second.ask("go on")
    client.state.expect_owner("nightly", session, second.pid, run["fence"] + 1)
    assert told(client, "go on", run) == 1, client.model.sent("go on")
    second.ask("and on")
    assert told(client, "and on", run) == 1, client.model.sent("and on")
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
    moved = client.state.run("nightly")
    assert (moved["fence"], moved["owner"]["session"]) == (run["fence"] + 1, session), moved
    assert told(client, "go on", run) == 1, client.model.sent("go on")


@claude_with_baton
def run_follows_clear(client):
    "/clear: the run goes with the person, into the new session"
    window = client.open()
    session, run = started(client, window)
    window.command("/clear")
    client.records.wait("SessionStart", "clear")
    window.ask("go on")
    client.state.expect_owner("nightly", client.records.sessions()[1], window.pid, run["fence"] + 1)
    assert session != client.records.sessions()[1]


@claude_with_baton
def run_follows_branch(client):
    "/branch: as /clear"
    window = client.open()
    _, run = started(client, window)
    window.command("/branch")
    client.records.wait("SessionStart", "fork")
    window.ask("go on")
    client.state.expect_owner("nightly", client.records.sessions()[1], window.pid, run["fence"] + 1)


@claude_with_baton
def run_two_windows(client):
    "a second window on the session takes nothing from the living first"
    first = client.open()
    session, run = started(client, first)
    second = client.open("--resume", session)
    second.ask("go on")
    client.state.expect_shown(session, first.pid, second.pid)
    client.state.expect_owner("nightly", session, first.pid, run["fence"])


@codex_with_baton
def run_kill_and_resume(client):  # noqa: F811  (each is registered under its client's name)
    "kill -9 and codex resume: moved once, and the model is told once"
    first = client.open()
    session, run = started(client, first)
    first.kill()
    second = client.open("resume", session)
    second.ask("go on")
    client.state.expect_owner("nightly", session, second.pid, run["fence"] + 1)
    assert told(client, "go on", run) == 1, client.model.sent("go on")
    second.ask("and on")
    assert told(client, "and on", run) == 1, client.model.sent("and on")
    second.exit()
    client.state.expect_shown(session)


@codex_with_baton
def run_exec_and_resume(client):
    "the same with exec, where each prompt is a process of its own"
    session = client.session_named(client.once("start the work", bash=START))
    run = made(client)
    client.once("go on", "resume", session)
    moved = client.state.run("nightly")
    assert (moved["fence"], moved["owner"]["session"]) == (run["fence"] + 1, session), moved
    assert told(client, "go on", run) == 1, client.model.sent("go on")


@codex_with_baton
def run_stays_after_new(client):
    "/new names no predecessor: the run stays where it is"
    window = client.open()
    session, run = started(client, window)
    client.switch(window, "/new")
    window.ask("go on")
    client.state.expect_shown(client.records.sessions()[1], window.pid)
    client.state.expect_owner("nightly", session, window.pid, run["fence"])
    assert told(client, "go on", run) == 0, client.model.sent("go on")
