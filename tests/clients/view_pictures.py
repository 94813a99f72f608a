#!/usr/bin/env python3
"""Draw the pictures of the live view: the real Claude Code and the real Codex in tmux, with the hooks that `baton install` wrote, as `baton top`
and `baton serve` show them. Only the models' answers are ours.

usage: view_pictures.py [--baton PATH] [DIRECTORY]        (default: docs/pictures)

Besides what picture.py needs, it needs baton-view beside baton, and what view/tests/browser/run.sh needs.
"""
import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile

import isolation
import packages
from claude import Claude
from codex import Codex
from homes import link_or_copy
from playing import RECORDER
from run import built_baton
from screen_picture import svg
from waiting import wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
BROWSER = ROOT / "view/tests/browser"
SIZE = (100, 28)
MIGRATE, GO_ON = "Move the store to the new format", "Go on until every test passes"
CLEAN, FLAKY, NOTES = "Remove the fixtures that no test uses", "Explain why the parser's test is flaky", "Draft the release notes"
# What the user calls the session of each prompt.
NAMES = {MIGRATE: "store", GO_ON: "store", CLEAN: "fixtures", FLAKY: "flaky test", NOTES: "release notes"}


class Shown(Claude):
    """As the other tests run it, but for the debug log, which it would announce."""

    def debugging(self):
        return ()


def sessions(client):
    return [record.session for record in client.records.of("UserPromptSubmit")]


def play(claude, codex):
    """A session that waits for a permission, one that is idle, one at work that owns a run, and one whose process was killed."""
    worker = claude.open()
    worker.ask(MIGRATE, bash="baton run start 'move the store' --max-iterations 20", say="The first table is moved.")
    worker.hold(GO_ON)
    lost = claude.open(cwd=claude.home.other)
    lost.ask(NOTES, say="The notes list what changed for users.")
    asking = claude.open(flags=("--permission-mode", "default"))
    asking.begin(CLEAN, bash="rm -r fixtures/unused")
    claude.records.wait("Notification", "permission_prompt")
    idle = codex.open()
    idle.ask(FLAKY, say="It reads the clock twice. Shall I pass the time as an argument?")
    lost.kill()
    for record in [*claude.records.of("UserPromptSubmit"), *codex.records.of("UserPromptSubmit")]:
        claude.baton(f"session name {record.session} '{NAMES[record.payload['prompt']]}'")


def link_view(client, baton):
    """Puts baton-view where baton looks for it."""
    view = baton.with_name("baton-view")
    assert view.exists(), f"{view} is not built"
    link_or_copy(view, client.home.program.with_name("baton-view"))


def serve(client):
    """Starts the server; it, and the address that it prints."""
    server = subprocess.Popen([client.home.program, "serve", "--port", "0"], cwd=client.home.work, env=client.home.env, stdout=subprocess.PIPE, text=True)
    return server, server.stdout.readline().strip()


def draw_top(client, file):
    client.terminal.size = SIZE
    pane = client.terminal.open(client.home.work)
    pane.enter("baton top")
    pane.wait("q quit")
    wait_for("all sections", lambda: all(word in pane.screen() for word in ("permission", "lost", "move the store")), detail=pane.last_lines)
    screen = client.terminal.run("capture-pane", "-e", "-p", "-t", pane.id).stdout
    pane.keys("q")
    file.write_text(svg(screen, "baton top: what waits for you comes first", *SIZE), encoding="utf-8")


def draw_page(address, client, directory):
    """The list in light and dark, and one session. The directory of this run is shown as a user's home."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chromium-browser"))), None)
    command = ["node", str(BROWSER / "pictures.mjs"), address, str(directory), sessions(client)[0], str(client.home.path)]
    subprocess.run(command, env={**environment(), "BATON_CHROMIUM": chromium or ""}, check=True)


def environment():
    """What Chromium needs; its home is as short-lived as the others."""
    home = tempfile.mkdtemp(prefix="bc-browser-")
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": home, "LANG": "C.UTF-8"}


def clean(directory, claude):
    """No picture may name a directory of this machine."""
    for file in directory.glob("*.svg"):
        assert str(claude.home.path) not in file.read_text(encoding="utf-8"), f"{file} names {claude.home.path}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--baton", type=pathlib.Path)
    parser.add_argument("directory", nargs="?", type=pathlib.Path, default=ROOT / "docs/pictures")
    options = parser.parse_args()
    missing = packages.why_missing("claude") or packages.why_missing("codex") or isolation.enter()
    baton = options.baton or built_baton()
    if missing or not baton:
        sys.exit(f"cannot be drawn here: {missing or 'baton is not built'}")
    scratch, server = pathlib.Path(tempfile.mkdtemp(prefix="bc-")), None
    claude = Shown(packages.find("claude"), scratch / "home", baton.resolve(), RECORDER)
    codex = Codex(packages.find("codex"), scratch / "codex", baton.resolve(), RECORDER)
    # Both have one state, that of the first.
    isolation.live_in(claude.home.path)
    codex.home.env["BATON_HOME"] = claude.home.env["BATON_HOME"]
    try:
        link_view(claude, baton.resolve())
        play(claude, codex)
        options.directory.mkdir(exist_ok=True)
        draw_top(claude, options.directory / "top.svg")
        server, address = serve(claude)
        draw_page(address, claude, options.directory)
        clean(options.directory, claude)
    finally:
        if server:
            server.kill()
        codex.close()
        claude.close()
        shutil.rmtree(scratch, ignore_errors=True)
    print(f"wrote {options.directory}")


if __name__ == "__main__":
    main()
