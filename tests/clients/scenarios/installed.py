"""What `baton install` wrote, and the plugin packages, as the clients take them."""
import json
import pathlib
import shutil

from scenarios.register import claude_with_baton, codex_with_baton
from scenarios.runs import START, made, moved_headless, started, went_on
from waiting import wait_for

PLUGINS = pathlib.Path(__file__).resolve().parents[3] / "plugin"
MARKET = PLUGINS.parent


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


@codex_with_baton
def plugin_and_hooks_file(client):
    "the plugin from a marketplace beside hooks.json: acts once, speaks once"
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
    assert any("both the plugin baton@market and an entry" in what for what in findings(client, "entries", "problem")), client.baton("doctor")
    trusting = "--dangerously-bypass-hook-trust"  # a plugin's hooks want trust of their own, which only its TUI gives
    session = client.session_named(client.once("start the work", trusting, bash=START))
    run = made(client)
    client.once("go on", trusting, "resume", session)
    moved_headless(client, session, run)
    # The same with the plugin alone.
    assert client.baton("uninstall --yes").returncode == 0
    client.once("and on", trusting, "resume", session)
    moved = client.state.run("nightly")
    assert (moved["fence"], moved["owner"]["session"]) == (run["fence"] + 2, session), moved


@codex_with_baton
def trust(client):
    "untrusted, trusted by --trust, modified: as doctor says, Codex does"
    assert client.baton("uninstall --yes").returncode == 0
    assert client.baton("install --yes --agent codex").returncode == 0
    assert [what for what in findings(client, "trust") if "untrusted" in what] == findings(client, "trust", "problem"), client.baton("doctor")
    assert len(findings(client, "trust", "problem")) == 7
    deaf(client, "hello one")
    done = client.baton("install --yes --agent codex --trust")
    assert done.returncode == 0, done
    assert len(findings(client, "trust", "ok")) == 7 and not findings(client, "trust", "problem")
    heard(client, "hello two")
    path = client.home.codex / "hooks.json"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"timeout": 5', '"timeout": 4'), encoding="utf-8")
    modified = findings(client, "trust", "problem")
    assert len(modified) == 5 and all("modified" in what for what in modified), modified
    deaf(client, "hello three")
