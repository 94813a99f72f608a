"""A run that drives its agent: at the end of a turn its prompt goes in again, until it is done."""
import shlex
import threading

from model_server import Answer
from scenarios.register import claude_with_baton, codex_with_baton
from waiting import wait_for

ROUND, PHRASE = "go round once more", "ALL WORK IS DONE"
LONG = 900  # seconds, for fifty turns on a busy machine


def begin(client, window, limit=50, **answer):
    """Start a loop through the client's own tool. `answer`: how the rounds are answered."""
    rounds = client.model.expect_prompt(ROUND, Answer(**answer))
    client.model.expect_prompt("start the work", Answer(
        bash=f"baton run start nightly --loop --prompt '{ROUND}' --until '{PHRASE}' --patience 0 --max-iterations {limit}"))
    window.pane.enter("start the work")
    client.model.wait(ROUND)
    return rounds


def unbounded(client):
    """The user's own word on how often Claude's Stop may be blocked."""
    client.home.env["CLAUDE_CODE_STOP_HOOK_BLOCK_CAP"] = "60"


def ended(client, status, seconds=60):
    wait_for(f"the run to be {status}", lambda: client.state.run("nightly")["status"] == status, seconds=seconds, detail=lambda: client.state.dump("run"))
    return client.state.run("nightly")


def rounds(client):
    return len(client.model.sent(ROUND))


def still(client, window, count):
    """The loop is over: a further prompt is answered, and brings no further round."""
    window.ask("one more question")
    window.ask("and another")
    assert rounds(client) == count, client.model.requests


def loop_to_its_phrase(client):
    "fifty rounds, to the phrase; a second session of the project is left alone throughout"
    unbounded(client)
    other = client.open()
    other.ask("hello one")
    window = client.open()
    begin(client, window, limit=55, last=(50, PHRASE))
    client.model.wait(ROUND, count=5)
    other.ask("hello two")
    run = ended(client, "done", LONG)
    assert rounds(client) == 50 and run["iteration"] == 50, run
    other.ask("hello three")
    for prompt in ("hello one", "hello two", "hello three"):
        assert len(client.model.sent(prompt)) == 1, client.model.sent(prompt)
    still(client, window, 50)


def loop_cancelled(client):
    "cancelled from another terminal: at most the round that runs is finished"
    unbounded(client)
    window = client.open()
    begin(client, window)
    client.model.wait(ROUND, count=3)
    done = client.baton("run cancel nightly")
    assert done.returncode == 0, done
    count = rounds(client)
    assert ended(client, "cancelled")
    wait_for("an idle client", lambda: client.records.of("Stop")[count:])
    assert rounds(client) <= count + 1
    still(client, window, rounds(client))


def loop_killed(client):
    "kill -9 in the third round and resume: five in all"
    unbounded(client)
    release = threading.Event()
    first = client.open()
    answer = begin(client, first, limit=5, hold=release, since=3)
    client.model.wait(ROUND, count=3)
    session = client.records.of("UserPromptSubmit")[-1].session
    first.kill()
    answer.hold = None
    release.set()
    before = client.state.run("nightly")
    assert before["iteration"] == 3, before
    second = client.open(*client.resuming(session))
    client.model.expect_prompt("go on", Answer())
    second.pane.enter("go on")
    wait_for("the last round", lambda: client.state.run("nightly")["iteration"] == 5 and client.state.run("nightly")["status"] not in ("active", "waiting"),
             detail=lambda: client.state.dump("run"))
    run = client.state.run("nightly")
    assert run["fence"] == before["fence"] + 1 and rounds(client) == 5, run
    still(client, second, 5)


def loop_interrupted(client):
    "Esc pauses it; a question is answered without a round; `run continue` goes on"
    unbounded(client)
    release = threading.Event()
    window = client.open()
    answer = begin(client, window, limit=4, hold=release, since=2)
    client.model.wait(ROUND, count=2)
    client.interrupt(window)
    answer.hold = None
    release.set()
    window.pane.keys("C-u")
    window.ask("a question")
    ended(client, "paused")
    assert rounds(client) == 2, client.model.requests
    done = client.baton("run continue nightly")
    assert done.returncode == 0, done
    client.model.expect_prompt("go on", Answer())
    window.pane.enter("go on")
    client.model.wait(ROUND, count=4)
    wait_for("its end", lambda: client.state.run("nightly")["status"] not in ("active", "waiting"), detail=lambda: client.state.dump("run"))
    still(client, window, 4)


def loop_done_when(client):
    "a command that a user gave, in a terminal, says when it is done: it succeeds the third time"
    unbounded(client)
    window = client.open()
    window.ask("hello one")
    [session] = client.records.sessions()
    check = 'echo tried >> tries; echo "seen $(wc -l < tries)"; test $(wc -l < tries) -ge 3'
    start = ["baton", "run", "start", "nightly", "--loop", "--prompt", ROUND, "--max-iterations", "8", "--done-when", check, "--session", session]
    refused = client.baton(shlex.join(start[1:]))
    assert refused.returncode == 3 and "in a terminal of your own" in refused.stderr, refused
    client.types(shlex.join(start)).wait("started run nightly")
    client.model.expect_prompt(ROUND, Answer())
    window.ask("hello two")
    run = ended(client, "done")
    assert run["iteration"] == rounds(client) == 2, run
    for count, request in enumerate(client.model.sent(ROUND), start=1):
        assert request.told(f"exited with 1. The end of its output:\n\nseen {count}"), request
    assert (client.home.work / "tries").read_text(encoding="utf-8") == "tried\n" * 3
    # Removed by the hook a moment after it recorded the end.
    approved = client.home.path / ".local/share/baton/approved"
    wait_for("the approval to be removed", lambda: not list(approved.iterdir()))
    still(client, window, 2)


for play in (loop_to_its_phrase, loop_cancelled, loop_killed, loop_interrupted, loop_done_when):
    claude_with_baton(play)
    codex_with_baton(play)


@claude_with_baton
def loop_follows_clear(client):
    "/clear in the middle: it goes on in the new session, at the round reached"
    unbounded(client)
    window = client.open()
    begin(client, window, limit=4)
    assert client.baton("run pause nightly").returncode == 0
    wait_for("an idle client", lambda: not window.pane.shows(r"esc to interrupt"))
    count = rounds(client)
    window.command("/clear")
    client.records.wait("SessionStart", "clear")
    assert client.baton("run continue nightly").returncode == 0
    client.model.expect_prompt("go on", Answer())
    window.pane.enter("go on")
    wait_for("its end", lambda: client.state.run("nightly")["status"] not in ("active", "waiting"), detail=lambda: client.state.dump("run"))
    run = client.state.run("nightly")
    assert run["owner"]["session"] == client.records.sessions()[1] and count < rounds(client) == run["iteration"] == 4, run


@claude_with_baton
def loop_waits_for_background(client):
    "a background task at a Stop: the loop waits uncounted, and goes on in the turn that the finished task starts"
    unbounded(client)
    window = client.open()
    over = client.home.work / "over"
    begin(client, window, limit=2, bash=f"until test -e {over}; do sleep 0.1; done", background=True)
    stop = wait_for("a Stop with a background task", lambda: [r for r in client.records.of("Stop") if r.payload["background_tasks"]])[0]
    assert stop.payload["background_tasks"][0]["status"] == "running", stop
    wait_for("the loop to wait", lambda: client.state.run("nightly")["background_work_since"], detail=lambda: client.state.dump("run"))
    run, count = client.state.run("nightly"), rounds(client)
    assert (run["status"], run["iteration"]) == ("active", 1), run
    over.touch()
    run = ended(client, "failed")
    assert run["iteration"] == 2 and rounds(client) > count, run


@claude_with_baton
def loop_service_fails(client):
    "the service fails: it pauses, and says why"
    unbounded(client)
    window = client.open()
    begin(client, window, fail=True, since=3)
    client.records.wait("StopFailure")
    ended(client, "paused")
    count = rounds(client)
    window.ask("a question")
    assert rounds(client) == count


@codex_with_baton
def loop_service_fails_unseen(client):
    "the service fails, of which Codex sends no event: the loop stands still, and pauses at the next prompt"
    window = client.open()
    begin(client, window, fail=True, since=3)
    client.model.wait(ROUND, count=3)
    window.pane.wait("^■ ")
    assert client.state.run("nightly")["status"] == "active", client.state.dump("run")
    count = rounds(client)
    window.ask("a question")
    window.pane.wait("is paused at iteration")
    ended(client, "paused")
    assert rounds(client) == count
