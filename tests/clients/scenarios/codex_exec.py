"""codex exec."""
from scenarios.register import codex

TURN = "A SessionStart {}, A UserPromptSubmit, A Stop, A SessionEnd other\n"


@codex
def exec_once(client):
    "one prompt, no terminal"
    client.once("hello one")
    client.records.expect(TURN.format("startup"))
    client.state.expect_over(*client.records.sessions())


@codex
def exec_resume(client):
    "exec resume, by id from another directory and by --last there, keeps the session"
    session = client.session_named(client.once("hello one"))
    client.once("hello two", "resume", session, cwd=client.home.other)
    client.once("hello three", "resume", "--last", cwd=client.home.other)
    client.records.expect(TURN.format("startup") + TURN.format("resume") * 2)
    assert client.records.sessions() == [session]
    client.state.expect_over(session)


@codex
def exec_fork(client):
    "exec fork makes a second session"
    session = client.session_named(client.once("hello one"))
    client.once("hello two", "fork", session)
    client.records.expect(TURN.format("startup") + TURN.format("fork").replace("A ", "B "))
    client.state.expect_over(*client.records.sessions())
