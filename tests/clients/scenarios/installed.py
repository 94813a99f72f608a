"""What `baton install` wrote, and the plugin packages, as the clients take them."""
import json
import pathlib
import shutil

from model_server import Answer
from scenarios.register import claude_with_baton, codex_with_baton
from scenarios.runs import START, made, moved_headless, started, went_on
from waiting import wait_for

PLUGINS = pathlib.Path(__file__).resolve().parents[3] / "plugin"
MARKET = PLUGINS.parent
TRUSTING = "--dangerously-bypass-hook-trust"  # Codex: a plugin's hooks want trust of their own, which only its TUI gives


def findings(client, check, level=None):
    """What doctor says of one thing."""
    found = json.loads(client.baton("doctor --json").stdout)
    return [finding["what"] for finding in found if finding["check"] == check and level in (None, finding["level"])]


def deaf(client, prompt):
    """A prompt of which baton hears nothing, though the recorder does."""
    client.once(prompt)
    session = client.records.of("UserPromptSubmit")[-1].session
    client.state.expect_unheard(session)


def heard(client, prompt, *arguments):
    client.once(prompt, *arguments)
    client.state.expect_over(client.records.of("UserPromptSubmit")[-1].session)


def taken_out(client):
    "installed, used, uninstalled: the client never knew baton, and the other hook is as it was"
    heard(client, "hello one")
    done = client.baton("uninstall --yes")
    assert done.returncode == 0, done
    left = [path for path in client.home.directory(client.agent).glob("*") if path.suffix in (".json", ".toml") and "baton hook" in path.read_text(encoding="utf-8")]
    assert not left, left
    assert not client.home.program.with_name("receipt.json").exists()
    deaf(client, "hello two")
    assert len(client.records.of("UserPromptSubmit")) == 2


def calls_cost_little(client):
    "from start to end of its process, timed from outside, a call takes less than 50 ms and says nothing"
    client.home.put_stopwatch()
    window = client.open()
    for prompt in ("hello one", "hello two", "hello three"):
        window.ask(prompt)
    window.exit()
    client.records.wait("SessionEnd")
    seen = len(client.records.all())
    wait_for(f"{seen} calls", lambda: len(client.home.timed()) >= seen, detail=client.home.timed)
    wrong = [call for call in client.home.timed() if call["code"] or call["stderr"]]
    assert not wrong, wrong


for play in (taken_out, calls_cost_little):
    claude_with_baton(play)
    codex_with_baton(play)


@claude_with_baton
def plugin_alone(client):
    "--plugin-dir with the package of this repository: the run moves once"
    assert client.baton("uninstall --yes").returncode == 0
    package = ("--plugin-dir", str(PLUGINS / "claude"))
    first = client.open(*package)
    session, run = started(client, first)
    first.kill()
    went_on(client, client.open("--resume", session, *package), session, run)


@claude_with_baton
def plugin_and_settings(client):
    "the plugin installed from this repository's marketplace beside the settings: acts once, speaks once, and doctor says so"
    for words in (("marketplace", "add", str(MARKET)), ("install", "baton@baton")):
        done = client.run("plugin", *words)
        assert done.code == 0, done
    assert any("both the plugin baton@baton and an entry" in what for what in findings(client, "entries", "problem")), client.baton("doctor")
    first = client.open()
    session, run = started(client, first)
    first.kill()
    second = client.open("--resume", session)
    went_on(client, second, session, run)
    text = second.pane.screen()
    assert text.count("moved here from") == 1, text
    rows = [row for row in client.state.rows("session") if row["id"] == session]
    assert len(rows) == 1, rows


@claude_with_baton
def plugin_commands(client):
    "/baton:loop, pause, continue, status and cancel: what a user types reaches the model, and its one call needs no permission"
    assert client.baton("uninstall --yes").returncode == 0
    window = client.open("--plugin-dir", str(PLUGINS / "claude"), flags=("--permission-mode", "default"))
    window.ask("hello one")
    commanded(client, window, "/baton:{name} {words}")


def commanded(client, window, typed):
    """Each command of the plugin, as it is typed, and what the model does with it."""
    client.model.expect_prompt("go round once more", Answer())
    stops = len(client.records.of("Stop"))
    loop = "baton run start first --loop --prompt 'go round once more' --max-iterations 1"
    command(client, window, typed, "loop", "mend the tests", "The user wants a loop in this session", loop)
    client.records.wait("Stop", count=stops + 2)
    assert (client.state.run("first")["iteration"], client.state.run("first")["status"]) == (1, "failed"), client.state.dump("run")
    done = client.baton("run start nightly --session " + client.records.sessions()[0])
    assert done.returncode == 0, done
    for name, words, status in (("pause", "The user wants to pause a run", "paused"), ("continue", "The user wants to continue a run", "active"),
                                ("status", "The user asks for the status of the runs", "active"), ("cancel", "The user wants to cancel a run", "cancelled")):
        stops = len(client.records.of("Stop"))
        call = "baton run list" if name == "status" else f"baton run {name} nightly"
        command(client, window, typed, name, "nightly", words, call)
        client.records.wait("Stop", count=stops + 1)
        assert client.state.run("nightly")["status"] == status, (name, client.state.dump("run"))


def command(client, window, typed, name, words, text, call):
    client.model.expect_prompt(text, Answer(bash=call))
    window.command(typed.format(name=name, words=words))
    request = client.model.wait(text)
    assert any(words in message.text for message in request.messages if message.role == "user"), request.messages


def add_market(client):
    """The package of this repository as a plugin of a local marketplace of Codex's."""
    market = client.home.path / "market"
    (market / ".agents/plugins").mkdir(parents=True)
    shutil.copytree(PLUGINS / "codex", market / "plugins/baton")
    entry = {"name": "baton", "source": {"source": "local", "path": "./plugins/baton"}, "category": "Productivity",
             "policy": {"installation": "AVAILABLE", "authentication": "ON_INSTALL"}}
    listing = {"name": "market", "interface": {"displayName": "Market"}, "plugins": [entry]}
    (market / ".agents/plugins/marketplace.json").write_text(json.dumps(listing), encoding="utf-8")
    for words in (("marketplace", "add", str(market)), ("add", "baton@market")):
        done = client.run("plugin", *words)
        assert done.code == 0, done


@codex_with_baton
def plugin_skills(client):
    "the skills loop, pause, continue, status and cancel: what a user types reaches the model"
    assert client.baton("uninstall --yes").returncode == 0
    add_market(client)
    window = client.open(flags=(*client.flags, TRUSTING))
    window.ask("hello one")
    commanded(client, window, "$baton:{name} {words}")


@codex_with_baton
def plugin_and_hooks_file(client):
    "the plugin from a marketplace beside hooks.json: acts once, speaks once"
    add_market(client)
    assert any("both the plugin baton@market and an entry" in what for what in findings(client, "entries", "problem")), client.baton("doctor")
    session = client.session_named(client.once("start the work", TRUSTING, bash=START))
    run = made(client)
    client.once("go on", TRUSTING, "resume", session)
    moved_headless(client, session, run)
    # The same with the plugin alone.
    assert client.baton("uninstall --yes").returncode == 0
    client.once("and on", TRUSTING, "resume", session)
    moved = client.state.run("nightly")
    assert (moved["fence"], moved["owner"]["session"]) == (run["fence"] + 2, session), moved


def names_all(found, words):
    """One finding with these words names every hooked event."""
    [what] = found
    events = ("SessionStart", "UserPromptSubmit", "Stop", "Interrupt", "PermissionRequest", "PreCompact", "SessionEnd")
    assert words in what and all(event in what for event in events), what


@codex_with_baton
def trust(client):
    "untrusted, trusted by --trust, modified: as doctor says, Codex does"
    assert client.baton("uninstall --yes").returncode == 0
    assert client.baton("install --yes --agent codex").returncode == 0
    names_all(findings(client, "trust"), "untrusted on")
    assert findings(client, "trust") == findings(client, "trust", "problem"), client.baton("doctor")
    deaf(client, "hello one")
    done = client.baton("install --yes --agent codex --trust")
    assert done.returncode == 0, done
    names_all(findings(client, "trust", "ok"), "trusted on")
    assert not findings(client, "trust", "problem")
    heard(client, "hello two")
    path = client.home.codex / "hooks.json"
    changed = json.loads(path.read_text(encoding="utf-8"))
    for handler in (handler for groups in changed["hooks"].values() for group in groups for handler in group["hooks"]):
        handler["timeout"] -= "baton hook" in handler["command"]
    path.write_text(json.dumps(changed), encoding="utf-8")
    names_all(findings(client, "trust", "problem"), "modified since")
    deaf(client, "hello three")
