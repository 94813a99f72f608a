"""A session that was killed in the middle of a turn, and is resumed."""
from scenarios.register import claude_with_baton, codex_with_baton
from waiting import wait_for

NO_ANSWER = "was interrupted: its last prompt got no answer"
NO_RESULT = "was interrupted: a tool call in it got no result"


def told(client, prompt):
    """What baton told the model of the turn before, with this prompt."""
    words = [message.text for message in client.model.sent(prompt)[-1].told("before this resume, the last turn")]
    return [how for how in (NO_ANSWER, NO_RESULT) for text in words if how in text]


def written(client, text):
    """Waits until the client's transcript holds a text: Claude writes it a little later than it calls its hooks."""
    def holds():
        return any(text in path.read_text(encoding="utf-8", errors="replace") for path in client.transcripts())
    wait_for(f"{text!r} in the transcript", holds)


def killed_in_turn(client, **answer):
    first = client.open()
    first.ask("hello one")
    [session] = client.records.sessions()
    if answer:
        first.begin("hello two", **answer)
    else:
        first.hold("hello two")
    written(client, "hello two")
    return first, session


def resumed(client, first, session):
    first.kill()
    second = client.open({"claude": "--resume", "codex": "resume"}[client.agent], session)
    second.ask("hello three")
    return second


def check_prompt(client):
    first, session = killed_in_turn(client)
    second = resumed(client, first, session)
    assert told(client, "hello three") == [NO_ANSWER], client.model.sent("hello three")
    second.exit()


def check_tool(client):
    started = client.home.work / "started"
    first, session = killed_in_turn(client, bash=f"touch {started}; sleep 1000")
    wait_for("the tool's start", started.exists)
    written(client, "sleep 1000")
    second = resumed(client, first, session)
    assert told(client, "hello three") == [NO_RESULT], client.model.sent("hello three")
    second.exit()


def check_uncut(client):
    first = client.open()
    first.ask("hello one")
    [session] = client.records.sessions()
    written(client, "answer 1 to hello one")
    second = resumed(client, first, session)
    assert not client.model.sent("hello three")[-1].told("the last turn"), client.model.sent("hello three")
    second.exit()


@claude_with_baton
def interrupted_prompt(client):
    "killed before the answer, resumed: told that the last prompt got no answer"
    check_prompt(client)


@claude_with_baton
def interrupted_tool_call(client):
    "killed while a tool runs, resumed: told that its call got no result"
    check_tool(client)


@claude_with_baton
def cut_not(client):
    "killed between two turns, resumed: told nothing of the last one"
    check_uncut(client)


for scenario in (interrupted_prompt, interrupted_tool_call, cut_not):
    codex_with_baton(scenario)
