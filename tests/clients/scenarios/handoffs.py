"""Two machines of a fleet: two homes, two state directories, two paths of one project, and one PostgreSQL."""
import shlex
import subprocess

import isolation
import postgres
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
        isolation.live_in(self.home.path)
        config = self.home.path / ".config/baton/config.toml"
        config.parent.mkdir(parents=True)
        config.write_text(f'[fleet]\nurl = "{url}"\nprojects = ["example.com/team/*"]\n', encoding="utf-8")
        subprocess.run(["git", "-C", str(self.home.work), "remote", "add", "origin", ORIGIN], env=self.home.env, check=True)

    def baton(self, words, code=0):
        """A command of baton's on this machine, whose exit status must be this one."""
        isolation.live_in(self.home.path)
        done = self.client.baton(words)
        assert done.returncode == code, f"on {self.name}: baton {words}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done


def second_home(client):
    """The same client in another home, whose project has another path."""
    directory = client.home.path.with_name(client.home.path.name + "-second")
    return type(client)(client.program, directory, client.home.itself, RECORDER)


def loop_moves(client):
    "a session with a loop is handed over and picked up on a second machine: the client's own resume shows it, and the run is owned once"
    database = postgres.Postgres()
    other = second_home(client)
    try:
        play(client, other, Machine(client, "one", database.url), Machine(other, "two", database.url))
    finally:
        other.close()
        database.close()


def play(client, other, one, two):
    one.baton("fleet init")
    one.baton("fleet join --name one --no-timer")
    two.baton("fleet join --name two --no-timer")
    isolation.live_in(client.home.path)
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
    picked = two.baton("pickup")
    [command] = [line for line in picked.stdout.splitlines() if line.startswith("cd ")]
    assert str(other.home.work) in command, picked
    one.baton(f"handoff {session} --cancel", code=3)
    two.baton(f"pickup {session}")
    isolation.live_in(other.home.path)
    there = other.open(*shlex.split(command.split("&& ", 1)[1])[1:])
    there.pane.wait(f"answer [0-9]+ to {ROUND}")
    other.model.expect_prompt("go on", Answer())
    other.model.expect_prompt(ROUND, Answer())
    there.ask("a question")
    wait_for("the run's owner", lambda: other.state.run("nightly")["fence"] == fence + 1, detail=lambda: other.state.dump("run"))
    run = other.state.run("nightly")
    assert run["owner"]["session"] == session and run["owner"]["process"]["pid"] == there.pid, run
    two.baton(f"run verify {run['id']} --fence {run['fence']}")
    one.baton(f"run verify {run['id']} --fence {fence}", code=3)
    two.baton("run continue nightly")
    there.pane.enter("go on")
    wait_for("its end", lambda: other.state.run("nightly")["status"] not in ("active", "waiting", "paused"), detail=lambda: other.state.dump("run"))
    assert rounds(client) + rounds(other) == other.state.run("nightly")["iteration"] == LIMIT, (rounds(client), rounds(other), other.state.dump("run"))
    isolation.live_in(client.home.path)


for register in (claude_with_baton, codex_with_baton):
    register(loop_moves, why_missing=postgres.why_missing)
