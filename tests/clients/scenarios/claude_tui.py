"""Claude's terminal interface."""
from scenarios.register import claude

ONE_TURN = "A SessionStart startup, A UserPromptSubmit, A Stop,"


@claude
def tui_prompt_and_exit(client):
    "start, two prompts, /exit"
    window = client.open()
    start = client.records.wait("SessionStart")
    client.state.expect_shown(start.session, window.pid)
    window.ask("hello one")
    window.ask("hello two")
    window.exit()
    client.records.expect(ONE_TURN + "A UserPromptSubmit, A Stop, A SessionEnd prompt_input_exit")
    assert start.env["TMUX_PANE"] == window.pane.id and start.env["CLAUDE_PID"] == str(window.pid), start.env
    client.state.expect_over(start.session)


@claude
def tui_clear(client):
    "/clear goes on in a new session, in the same process"
    window = client.open()
    window.ask("hello one")
    window.command("/clear")
    client.records.wait("SessionStart", "clear")
    window.ask("hello two")
    first, second = client.records.sessions()
    client.state.expect_over(first)
    client.state.expect_shown(second, window.pid)
    window.exit()
    client.records.expect(ONE_TURN + """A SessionEnd clear
        B SessionStart clear, B UserPromptSubmit, B Stop, B SessionEnd prompt_input_exit""")
    client.state.expect_over(first, second)


@claude
def tui_resume_away_and_back(client):
    "/resume to an older session, and back"
    older = client.open()
    older.ask("hello one")
    older.exit()
    window = client.open()
    window.ask("hello two")
    first, second = client.records.sessions()
    for count, (session, prompt) in enumerate([(first, "hello three"), (second, "hello four")], start=1):
        window.command("/resume " + session)
        client.records.wait("SessionStart", "resume", count)
        window.ask(prompt)
        client.state.expect_shown(session, window.pid)
    client.state.expect_over(first)
    window.exit()
    client.records.expect(ONE_TURN + """A SessionEnd prompt_input_exit
        B SessionStart startup, B UserPromptSubmit, B Stop, B SessionEnd resume
        A SessionStart resume, A UserPromptSubmit, A Stop, A SessionEnd resume
        B SessionStart resume, B UserPromptSubmit, B Stop, B SessionEnd prompt_input_exit""")
    client.state.expect_over(first, second)


@claude
def tui_branch(client):
    "/branch goes on in a fork, in the same process"
    window = client.open()
    window.ask("hello one")
    window.command("/branch")
    client.records.wait("SessionStart", "fork")
    window.ask("hello two")
    first, second = client.records.sessions()
    client.state.expect_over(first)
    client.state.expect_shown(second, window.pid)
    window.exit()
    client.records.expect(ONE_TURN + "A SessionEnd resume, B SessionStart fork, B UserPromptSubmit, B Stop, B SessionEnd prompt_input_exit")


@claude
def tui_continue(client):
    "--continue in another pane, after /exit"
    first = client.open()
    first.ask("hello one")
    first.exit()
    second = client.open("--continue")
    second.ask("hello two")
    [session] = client.records.sessions()
    client.state.expect_shown(session, second.pid)
    second.exit()
    client.records.expect(ONE_TURN + """A SessionEnd prompt_input_exit
        A SessionStart resume, A UserPromptSubmit, A Stop, A SessionEnd prompt_input_exit""")
    client.state.expect_over(session)


@claude
def tui_fork_session(client):
    "--resume --fork-session in a second pane, while the first is open"
    first = client.open()
    first.ask("hello one")
    [original] = client.records.sessions()
    second = client.open("--resume", original, "--fork-session")
    second.ask("hello two")
    _, fork = client.records.sessions()
    client.state.expect_shown(original, first.pid)
    client.state.expect_shown(fork, second.pid)
    second.exit()
    first.exit()
    client.records.expect(ONE_TURN + """B SessionStart fork, B UserPromptSubmit, B Stop
        B SessionEnd prompt_input_exit, A SessionEnd prompt_input_exit""")


@claude
def tui_two_windows(client):
    "one session in two windows; it is over with the second exit only"
    first = client.open()
    first.ask("hello one")
    [session] = client.records.sessions()
    second = client.open("--resume", session)
    second.ask("hello two")
    client.state.expect_shown(session, first.pid, second.pid)
    first.ask("hello three")
    first.exit()
    client.records.wait("SessionEnd")
    client.state.expect_shown(session, second.pid)
    second.exit()
    client.records.expect(ONE_TURN + """A SessionStart resume, A UserPromptSubmit, A Stop
        A UserPromptSubmit, A Stop, A SessionEnd prompt_input_exit, A SessionEnd prompt_input_exit""")
    client.state.expect_over(session)


@claude
def tui_kill_and_resume(client):
    "kill -9 says nothing; --resume in another pane goes on"
    first = client.open()
    first.ask("hello one")
    [session] = client.records.sessions()
    first.kill()
    second = client.open("--resume", session)
    second.ask("hello two")
    second.exit()
    client.records.expect(ONE_TURN + "A SessionStart resume, A UserPromptSubmit, A Stop, A SessionEnd prompt_input_exit")


@claude
def tui_pane_closed(client):
    "the pane is closed under an idle client"
    client.open()  # a second pane, so that the terminal outlives the first
    window = client.open()
    window.ask("hello one")
    end = len(client.records.of("SessionEnd"))
    window.close()
    client.records.wait("SessionEnd", "other", end + 1)
    client.state.expect_over(client.records.of("UserPromptSubmit")[0].session)


@claude
def tui_interrupted(client):
    "Esc during an answer fires nothing; the session goes on"
    window = client.open()
    window.ask("hello one")
    release = window.hold("hello two")
    window.pane.keys("Escape")
    window.pane.wait(r"❯\s+hello two\s*\n─")  # it is put back where it was typed
    release.set()
    window.pane.keys("C-u")
    window.ask("hello three")
    window.exit()
    client.records.expect(ONE_TURN + "A UserPromptSubmit, A UserPromptSubmit, A Stop, A SessionEnd prompt_input_exit")


@claude
def tui_model_fails(client):
    "a service failure is a StopFailure"
    window = client.open()
    window.begin("hello one", fail=True)
    client.records.wait("StopFailure")
    window.exit()
    client.records.expect("A SessionStart startup, A UserPromptSubmit, A StopFailure, A SessionEnd prompt_input_exit")


@claude
def tui_compact(client):
    "/compact: the same session, started again"
    window = client.open()
    window.ask("hello one")
    window.command("/compact")
    client.records.wait("SessionStart", "compact")
    window.ask("hello two")
    window.exit()
    client.records.expect(ONE_TURN + "A PreCompact manual, A SessionStart compact, A UserPromptSubmit, A Stop, A SessionEnd prompt_input_exit")


@claude
def tui_permission(client):
    "a question left open for a while is a Notification"
    window = client.open(flags=("--permission-mode", "default"))
    window.begin("hello one", bash="touch made-by-the-model")
    client.records.wait("Notification", "permission_prompt")
    window.pane.keys("Enter")
    client.records.wait("Stop")
    window.exit()
    client.records.expect("A SessionStart startup, A UserPromptSubmit, A Notification permission_prompt, A Stop, A SessionEnd prompt_input_exit")
