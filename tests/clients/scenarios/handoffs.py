"""Two machines of a fleet, each with processes, a machine id, a boot id and an account database of its own: two homes, two state
directories, two paths of one project, and one PostgreSQL."""
import shlex
import subprocess

import isolation
import postgres
import processes
from model_server import Answer
from playing import RECORDER
from scenarios.loops import ROUND, begin, rounds, unbounded
from scenarios.register import claude_with_baton, codex_with_baton
from waiting import wait_for

LIMIT = 12  # iterations: the loop is paused long before
ORIGIN = "https://example.com/team/project.git"


class Machine:
    """A client on a machine of the fleet, and that machine's user."""

    def __init__(self, client, name, url):
        self.client, self.name = client, name
        self.home = client.home
        self.home.machine = isolation.Machine(self.home.path)
        config = self.home.path / ".config/baton/config.toml"
        config.parent.mkdir(parents=True)
        config.write_text(f'[fleet]\nurl = "{url}"\nprojects = ["example.com/team/*"]\n', encoding="utf-8")
        subprocess.run(["git", "-C", str(self.home.work), "remote", "add", "origin", ORIGIN], env=self.home.env, check=True)

    def baton(self, words, code=0):
        """A command of baton's on this machine, whose exit status must be this one."""
        done = self.client.baton(words)
        assert done.returncode == code, f"on {self.name}: baton {words}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def pid(self, window):
        """The pid that the client in a window has on this machine."""
        return processes.pid_there(window.pid)


def second_home(client):
    """The same client in another home, whose project has another path."""
    directory = client.home.path.with_name(client.home.path.name + "-second")
    return type(client)(client.program, directory, client.home.itself, RECORDER)


def on_two_machines(client, play):
    """Play it with the client on two machines that are in one fleet."""
    database = postgres.Postgres()
    other = second_home(client)
    try:
        one, two = Machine(client, "one", database.url), Machine(other, "two", database.url)
        one.baton("fleet init")
        for machine in (one, two):
            machine.baton(f"fleet join --name {machine.name} --no-timer")
        play(client, other, one, two)
    finally:
        other.close()
        database.close()
        isolation.live_in(client.home.path)


def picked_up(two, session):
    """Picks the session up on the second machine; the client there, resumed with the command that baton printed."""
    picked = two.baton(f"pickup {session}")
    [command] = [line for line in picked.stdout.splitlines() if line.startswith("cd ")]
    assert str(two.home.work) in command, picked
    return two.client.open(*shlex.split(command.split("&& ", 1)[1])[1:])


def loop_moves(client):
    "a session with a loop is handed over and picked up on a second machine: the client's own resume shows it, and the run is owned once"
    on_two_machines(client, move_loop)


def move_loop(client, other, one, two):
    for each in (client, other):
        unbounded(each)
    window = client.open()
    begin(client, window, limit=LIMIT)
    client.model.wait(ROUND, count=2)
    one.baton("run pause nightly")
    before = client.state.run("nightly")
    session = before["owner"]["session"]
    wait_for("an idle client", lambda: not window.pane.shows(r"esc to interrupt"))
    window.exit()
    one.baton(f"handoff {session} --to nobody", code=4)
    handed = one.baton(f"handoff {session} --to two")
    assert "handed over to the machine two, with 1 run" in handed.stdout, handed
    one.baton(f"handoff {session} --cancel")
    one.baton(f"handoff {session}")
    fence = client.state.run("nightly")["fence"]
    assert fence == before["fence"] + 3, client.state.dump("run")
    one.baton(f"run verify {before['id']} --fence {before['fence']}", code=3)
    assert "handed over" in one.baton("run show nightly").stdout
    two.baton("pickup")
    one.baton(f"handoff {session} --cancel", code=3)
    there = picked_up(two, session)
    there.pane.wait(f"answer [0-9]+ to {ROUND}")
    other.model.expect_prompt("go on", Answer())
    other.model.expect_prompt(ROUND, Answer())
    there.ask("a question")
    wait_for("the run's owner", lambda: other.state.run("nightly")["fence"] == fence + 1, detail=lambda: other.state.dump("run"))
    run = other.state.run("nightly")
    assert run["owner"]["session"] == session and run["owner"]["process"]["pid"] == two.pid(there), run
    two.baton(f"run verify {run['id']} --fence {run['fence']}")
    one.baton(f"run verify {run['id']} --fence {fence}", code=3)
    two.baton("run continue nightly")
    there.pane.enter("go on")
    wait_for("its end", lambda: other.state.run("nightly")["status"] not in ("active", "waiting", "paused"), detail=lambda: other.state.dump("run"))
    assert rounds(client) + rounds(other) == other.state.run("nightly")["iteration"] == LIMIT, (rounds(client), rounds(other), other.state.dump("run"))


def two_machines(client):
    "a session is handed over while its client still runs: the second machine owns the run, and the first one is told and refused"
    on_two_machines(client, move_session)


def move_session(client, other, one, two):
    here = client.open()
    here.ask("start the work", bash="baton run start piece")
    session = client.records.of("UserPromptSubmit")[-1].session
    client.state.expect_owner("piece", session, one.pid(here), 1)
    run = client.state.run("piece")
    assert "the agent still runs here" in one.baton(f"handoff {session}").stdout
    there = picked_up(two, session)
    there.pane.wait("answer [0-9]+ to start the work")
    there.ask("go on")
    other.state.expect_owner("piece", session, two.pid(there), 3)
    for machine, code in ((one, 3), (two, 0)):
        machine.baton(f"run verify {run['id']} --fence 3", code=code)
    one.baton(f"run verify {run['id']} --fence 1", code=3)
    here.ask("a late question", bash="baton run update piece --phase late; echo status=$?")
    here.pane.wait("(?i)another machine")
    told = [message.text for message in client.model.sent("a late question")[-1].messages if message.role == "tool"]
    assert any("status=3" in text for text in told), told
    there.ask("and on", bash="baton run update piece --phase second; echo status=$?")
    run = other.state.run("piece")
    assert (run["phase"], run["fence"]) == ("second", 3), run
    one.baton("fleet witness")
    copy = client.state.run("piece")
    assert (copy["fence"], copy["fleet"]) == (3, run["fleet"]), (copy, run)


for register in (claude_with_baton, codex_with_baton):
    register(loop_moves, why_missing=postgres.why_missing)
    register(two_machines, why_missing=postgres.why_missing)
