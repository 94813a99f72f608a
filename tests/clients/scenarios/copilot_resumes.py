"""Copilot's sessions: resumed, left, forked, and open twice."""
from scenarios.copilot_tui import LEFT, ONE_TURN
from scenarios.register import copilot

RESUMED = "A SessionStart resume, A UserPromptSubmit, A Stop,"


def left_session(client, prompt="hello one"):
    """A session of one turn that was left; its id."""
    window = client.open()
    window.ask(prompt)
    window.exit()
    return client.records.sessions()[-1]


@copilot
def resume_newest(client):
    "--continue: the start is announced with the first prompt"
    left_session(client)
    window = client.open("--continue")
    window.ask("hello two")
    window.exit()
    client.records.expect(ONE_TURN + LEFT + "," + RESUMED + LEFT)


@copilot
def resume_by_id(client):
    "--resume=ID after kill -9"
    window = client.open()
    window.ask("hello one")
    [session] = client.records.sessions()
    window.kill()
    window = client.open(f"--resume={session}")
    window.ask("hello two")
    assert client.users_of(session) == {window.pid}
    window.exit()
    client.records.expect(ONE_TURN + RESUMED + LEFT)


@copilot
def resume_by_name(client):
    "--name, --resume=NAME, and the first characters of the id"
    window = client.open("--name", "port the parser")
    window.ask("hello one")
    window.exit()
    [session] = client.records.sessions()
    for value, prompt in (("port the parser", "hello two"), (session[:8], "hello three")):
        window = client.open(f"--resume={value}")
        window.ask(prompt)
        window.exit()
    client.records.expect(ONE_TURN + LEFT + "," + RESUMED + LEFT + "," + RESUMED + LEFT)


@copilot
def resume_without_a_prompt(client):
    "resumed and left without a prompt: no hook, and no file that says who uses it"
    session = left_session(client)
    window = client.open(f"--resume={session}")
    assert not client.users_of(session)
    window.exit()
    client.records.expect(ONE_TURN + LEFT)


@copilot
def resume_elsewhere(client):
    "from another directory: the client goes to the directory of the session"
    session = left_session(client)
    window = client.open(f"--resume={session}", cwd=client.home.other)
    window.ask("hello two")
    window.exit()
    client.records.expect(ONE_TURN + LEFT + "," + RESUMED + LEFT)
    assert {record.payload["cwd"] for record in client.records.all()} == {record.cwd for record in client.records.all()} == {str(client.home.work)}


@copilot
def resume_inside(client):
    "/resume ID of a session that was left: the session before is still marked as used, and never gets an end"
    first = left_session(client)
    window = client.open()
    window.ask("hello two")
    client.switch(window, f"/resume {first}", "hello one")
    window.ask("hello three")
    second = client.records.sessions()[-1]
    assert client.users_of(first) == client.users_of(second) == {window.pid}
    window.pane.keys("C-d")
    window.gone()
    client.records.expect(ONE_TURN + LEFT + """, B SessionStart new, B UserPromptSubmit, B Stop
        A SessionStart resume, A UserPromptSubmit, A Stop, A SessionEnd user_exit""")


@copilot
def clear(client):
    "/clear ends the session, and starts another in the same process"
    window = client.open()
    window.ask("hello one")
    client.switch(window, "/clear", "Started a fresh session")
    window.ask("hello two")
    window.exit()
    client.records.expect(ONE_TURN + LEFT + ", B SessionStart new, B UserPromptSubmit, B Stop, B SessionEnd user_exit")


@copilot
def new(client):
    "/new leaves the session open, and starts another in the same process; both end with it"
    window = client.open()
    window.ask("hello one")
    client.switch(window, "/new", "Started a new session")
    window.ask("hello two")
    first, second = client.records.sessions()
    assert client.users_of(first) == client.users_of(second) == {window.pid}
    client.leave_by_keys(window)
    client.records.expect(ONE_TURN + "B SessionStart new, B UserPromptSubmit, B Stop, A SessionEnd user_exit, B SessionEnd user_exit")


@copilot
def new_and_exit(client):
    "/exit with two sessions open ends the one that is shown, and shows the other; the process goes on"
    window = client.open()
    window.ask("hello one")
    client.switch(window, "/new", "Started a new session")
    window.ask("hello two")
    window.command(client.leave)
    window.pane.wait("hello one")
    client.leave_by_keys(window)
    assert sorted(record.session for record in client.records.of("SessionEnd")) == sorted(client.records.sessions())


@copilot
def fork(client):
    "/fork goes on in a copy, whose start is called a resume; the first stays open"
    window = client.open()
    window.ask("hello one")
    client.switch(window, "/fork", "Forked from")
    window.ask("hello two")
    client.leave_by_keys(window)
    client.records.expect(ONE_TURN + "B SessionStart resume, B UserPromptSubmit, B Stop, A SessionEnd user_exit, B SessionEnd user_exit")


@copilot
def two_windows(client):
    "one session in two windows: the second asks, and then both use it"
    first = client.open()
    first.ask("hello one")
    [session] = client.records.sessions()
    second = client.open(f"--resume={session}")
    second.pane.wait("appears to be in use by another CLI")
    second.pane.keys("Enter")
    second.pane.wait("This session may already be in use")
    second.ask("hello two")
    first.ask("hello three")
    assert client.users_of(session) == {first.pid, second.pid}
    first.exit()
    client.records.wait("SessionEnd")
    second.ask("hello four")
    second.exit()
    client.records.expect(ONE_TURN + RESUMED + "A UserPromptSubmit, A Stop," + LEFT + ", A UserPromptSubmit, A Stop," + LEFT)
