"""claude -p."""
from scenarios.register import claude


@claude
def print_once(client):
    "one prompt, no terminal"
    client.once("hello one")
    client.records.expect("A SessionStart startup, A UserPromptSubmit, A Stop, A SessionEnd other")
    client.state.expect_over(*client.records.sessions())


@claude
def print_continue(client):
    "--continue and --resume keep the session"
    client.once("hello one")
    [session] = client.records.sessions()
    client.once("hello two", "--continue")
    client.once("hello three", "--resume", session)
    client.records.expect("""
        A SessionStart startup, A UserPromptSubmit, A Stop, A SessionEnd other
        A SessionStart resume, A UserPromptSubmit, A Stop, A SessionEnd other
        A SessionStart resume, A UserPromptSubmit, A Stop, A SessionEnd other""")
    client.state.expect_over(session)


@claude
def print_fork_session(client):
    "--fork-session makes a second session of the first"
    client.once("hello one")
    [session] = client.records.sessions()
    client.once("hello two", "--resume", session, "--fork-session")
    client.records.expect("""
        A SessionStart startup, A UserPromptSubmit, A Stop, A SessionEnd other
        B SessionStart fork, B UserPromptSubmit, B Stop, B SessionEnd other""")
    client.state.expect_over(*client.records.sessions())


@claude
def print_resume_elsewhere(client):
    "resumed from another directory: the id stays, the transcript moves"
    client.once("hello one")
    [session] = client.records.sessions()
    client.once("hello two", "--resume", session, cwd=client.home.other)
    client.records.expect("""
        A SessionStart startup, A UserPromptSubmit, A Stop, A SessionEnd other
        A SessionStart resume, A UserPromptSubmit, A Stop, A SessionEnd other""")
    first, second = [record.payload for record in client.records.of("SessionStart")]
    assert second["cwd"] == str(client.home.other) and first["transcript_path"] != second["transcript_path"], second
    client.state.expect_over(session)


@claude
def print_resume_unknown(client):
    "an end without a start: nothing is registered"
    unknown = "6b2c0f0e-0000-4000-8000-000000000001"
    assert client.run(*client.headless("hello", ("--resume", unknown))).code == 1
    client.records.expect("A SessionEnd other")
    assert client.records.sessions() == [unknown]
    client.state.expect_unheard(unknown)
