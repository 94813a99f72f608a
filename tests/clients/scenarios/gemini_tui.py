"""Gemini CLI's terminal interface."""
from scenarios.gemini_events import end, start, turn
from scenarios.register import gemini
from waiting import wait_for


@gemini
def tui_prompt_and_quit(client):
    "start, two prompts, /quit: three ends are said"
    window = client.open()
    first = client.records.wait("SessionStart")
    window.ask("hello one")
    window.ask("hello two")
    inner = client.inner(window.pid)
    window.exit()
    client.records.expect(start() + turn() + turn() + end())
    assert first.env["TMUX_PANE"] == window.pane.id and first.env["GEMINI_SESSION_ID"] == first.session, first.env
    assert [above["pid"] for above in first.ancestors[:3]] == [inner, window.pid, window.pane.shell], first.ancestors


@gemini
def tui_unused(client):
    "opened and left without a prompt: its transcript is deleted"
    window = client.open()
    first = client.records.wait("SessionStart")
    window.exit()
    client.records.expect(start() + end())
    assert not client.transcripts(), first.payload


@gemini
def tui_tool_call(client):
    "a shell call, beneath the client and in a terminal of its own"
    client.open().ask("hello one", bash="env > made-by-the-model")
    client.records.expect(start() + turn(call=True))
    given = dict(line.split("=", 1) for line in (client.home.work / "made-by-the-model").read_text(encoding="utf-8").splitlines() if "=" in line)
    assert given["GEMINI_CLI"] == "1" and "GEMINI_SESSION_ID" not in given and given["TMUX_PANE"], given


@gemini
def tui_clear(client):
    "/clear goes on in a new session, in the same process"
    window = client.open()
    window.ask("hello one")
    window.command("/clear")
    client.records.wait("SessionStart", "clear")
    window.ask("hello two")
    window.exit()
    client.records.expect(start() + turn() + "A SessionEnd clear," + start("B", "clear") + turn("B") + end("B"))


@gemini
def tui_resume_inside(client):
    "/resume to an older session: neither an end nor a start is said"
    window = client.open()
    window.ask("hello one")
    window.command("/clear")
    client.records.wait("SessionStart", "clear")
    window.ask("hello two")
    window.command("/resume")
    window.pane.wait(r"#2 .*hello one")
    window.pane.keys("Down")
    window.pane.wait(r"❯ #2")
    window.pane.keys("Enter")
    wait_for("the older conversation", lambda: not window.pane.shows("Chat Sessions|hello two") and window.pane.shows("answer 1 to hello one"))
    window.ask("hello three")
    window.exit()
    client.records.expect(start() + turn() + "A SessionEnd clear," + start("B", "clear") + turn("B") + turn() + end())


@gemini
def tui_resume_latest(client):
    "--resume, after /quit"
    first = client.open()
    first.ask("hello one")
    first.exit()
    second = client.open("--resume")
    second.ask("hello two")
    second.exit()
    client.records.expect(start() + turn() + end() + start(source="resume") + turn() + end())
    assert len({record.payload["transcript_path"] for record in client.records.all()}) == 1


@gemini
def tui_resume_by_id(client):
    "--resume ID, after /quit"
    first = client.open()
    first.ask("hello one")
    first.exit()
    second = client.open(*client.resuming(client.records.sessions()[0]))
    second.ask("hello two")
    second.exit()
    client.records.expect(start() + turn() + end() + start(source="resume") + turn() + end())


@gemini
def tui_resume_by_index(client):
    "--resume 1 is the oldest one"
    first = client.open()
    first.ask("hello one")
    first.exit()
    other = client.open()
    other.ask("hello two")
    other.exit()
    second = client.open("--resume", "1")
    second.ask("hello three")
    client.records.expect(start() + turn() + end() + start("B") + turn("B") + end("B") + start(source="resume") + turn())


@gemini
def tui_kill_and_resume(client):
    "kill -9 of both processes says nothing; --resume goes on"
    first = client.open()
    first.ask("hello one")
    client.kill_inner(first)
    second = client.open("--resume", client.records.sessions()[0])
    second.ask("hello two")
    second.exit()
    client.records.expect(start() + turn() + start(source="resume") + turn() + end())


@gemini
def tui_two_windows(client):
    "one session in two windows: nothing stops the second"
    first = client.open()
    first.ask("hello one")
    [session] = client.records.sessions()
    second = client.open("--resume", session)
    second.ask("hello two")
    first.ask("hello three")
    first.exit()
    second.exit()
    client.records.expect(start() + turn() + start(source="resume") + turn() + turn() + end() + end())
    paths = [record.payload["transcript_path"] for record in client.records.all()]
    assert len(set(paths)) == 1, "\n".join(paths)


@gemini
def tui_checkpoint(client):
    "/resume save and /resume resume: the id stays, no event"
    window = client.open()
    window.ask("hello one")
    window.command("/resume save tagged")
    window.pane.wait("Conversation checkpoint saved")
    window.ask("hello two")
    window.command("/resume resume tagged")
    wait_for("the saved conversation", lambda: not window.pane.shows("answer 1 to hello two"))
    window.ask("hello three")
    client.records.expect(start() + turn() + turn() + turn())
    assert not client.model.sent("hello three")[0].told("hello two")


@gemini
def tui_interrupted(client):
    "Esc during an answer: AfterAgent, without a response"
    window = client.open()
    window.ask("hello one")
    release = window.hold("hello two")
    client.interrupt(window)
    release.set()
    window.ask("hello three")
    window.exit()
    ends = [(record.payload["prompt"], record.payload["prompt_response"]) for record in client.records.of("AfterAgent")]
    assert [prompt for prompt, _ in ends] == ["hello one", "hello two", "hello three"], ends
    assert ends[1][1] == "[no response text]", ends


@gemini
def tui_prompt_meanwhile(client):
    "a prompt typed during an answer waits for the end of the turn"
    from model_server import Answer

    window = client.open()
    release = window.hold("hello one")
    client.model.expect_prompt("hello two", Answer())
    window.pane.enter("hello two")
    window.pane.wait("Queued")
    release.set()
    client.records.wait("AfterAgent", count=2)
    client.records.expect(start() + turn() + turn())


@gemini
def tui_model_fails(client):
    "a service failure: AfterAgent, without a response"
    window = client.open()
    window.begin("hello one", fail=True)
    window.pane.wait("the model failed, as asked")
    window.ask("hello two")
    client.records.expect(start() + turn(after="") + "A AfterAgent," + turn())
    assert client.records.of("AfterAgent")[0].payload["prompt_response"] == "[no response text]"


@gemini
def tui_permission_allowed(client):
    "a question is a Notification; the user allows"
    window = client.open(flags=())
    window.begin("hello one", bash="touch made-by-the-model")
    client.records.wait("Notification", "ToolPermission")
    window.pane.wait("Allow once")
    window.pane.keys("Enter")
    client.records.wait("AfterAgent")
    assert (client.home.work / "made-by-the-model").exists()
    client.records.expect(start() + turn(call=True).replace("A AfterTool", "A Notification ToolPermission, A AfterTool"))


@gemini
def tui_permission_denied(client):
    "the user says no: the turn ends without an event"
    window = client.open(flags=())
    window.begin("hello one", bash="touch made-by-the-model")
    client.records.wait("Notification", "ToolPermission")
    window.pane.wait("Allow once")
    window.pane.keys("Escape")
    window.pane.wait("Request cancelled")
    window.ask("hello two")
    assert not (client.home.work / "made-by-the-model").exists()
    client.records.expect(start() + turn(after="") + "A AfterModel, A AfterModel, A BeforeTool, A Notification ToolPermission," + turn())


def long(number, words=250):
    """Many words, none of them said again: else the client suspects a loop."""
    return f"said {number} " + " ".join(f"{number}{count}" for count in range(words)) + f" over {number}"


@gemini
def tui_compress(client):
    "/compress: PreCompress manual, the id stays"
    window = client.open()
    for number in ("one", "two", "three"):
        window.begin(f"hello {number}", say=long(number))
        window.pane.wait(f"over {number}")
        client.records.wait("AfterAgent", count=len(client.model.requests))
    window.command("/compress")

    def compressed():
        if window.pane.shows(r"^ *\* /compress *$"):  # Enter chose it from the list
            window.pane.keys("Enter")
        return client.records.of("PreCompress")[-1].detail == "manual" and window.pane.shows("(?i)compress(ed|ion)")

    wait_for("the compression", compressed, detail=window.pane.last_lines)
    assert client.model.others, "no summary was asked for"
    window.ask("hello four")
    assert len(client.records.sessions()) == 1, client.records.order()


@gemini
def tui_compress_automatic(client):
    "history over the threshold: PreCompress auto, as in every turn"
    client.configure(lambda settings: settings["model"].update(compressionThreshold=0.001))
    window = client.open()
    for number in ("one", "two", "three"):
        window.begin(f"hello {number}", say=long(number, 900))
        window.pane.wait(f"over {number}")
        client.records.wait("AfterAgent", count=len(client.model.requests))
    assert client.model.others, "no summary was asked for"
    client.records.expect(start() + turn() * 3)


@gemini
def tui_subagent(client):
    "a subagent's own turn is sent under the session's id"
    client.open().ask("hello one", task="look around")
    client.records.wait("AfterAgent")
