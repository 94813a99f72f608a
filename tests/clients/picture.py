#!/usr/bin/env python3
"""Draw the picture of README.md: a run whose agent is killed, and that goes on where its session is resumed. The screens are those of the
real Claude Code in tmux, with the hooks that `baton install` wrote; only the model's answers are ours.

usage: picture.py [--baton PATH] [FILE]        (default: docs/transfer.svg)
"""
import argparse
import html
import pathlib
import shutil
import sys
import tempfile

import isolation
import packages
from claude import Claude
from playing import RECORDER
from run import built_baton
from scenarios.runs import MOVED, started
from waiting import wait_for

FILE = pathlib.Path(__file__).resolve().parents[2] / "docs/transfer.svg"
SIZE = (100, 26)
LINE, CHARACTER, MARGIN = 17, 8.0, 16  # pixels
STYLE = ("text{font:13px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#d5d8dc;white-space:pre}"
         ".said{fill:#f5c26b}.head{fill:#8fb3d9;font-weight:bold}.back{fill:#16191d}.pane{fill:#20252b}")


class Shown(Claude):
    """As the other tests run it, but for the debug log, which it would announce."""

    def debugging(self):
        return ()


def rows(screen):
    """What stands on a screen from the client's own head on, without the empty lines around and the runs of them within."""
    lines, kept = screen.splitlines(), []
    head = next((number for number, row in enumerate(lines) if "Claude Code v" in row), 0)
    for row in lines[head:]:
        row = row.rstrip()
        if row or (kept and kept[-1]):
            kept.append(row)
    return kept[:-1] if kept and not kept[-1] else kept


def said_by_baton(lines):
    """The rows in which baton speaks: from its name on, as far as the terminal broke the line."""
    marked, within = set(), False
    for number, row in enumerate(lines):
        within = "baton: " in row or (within and bool(row.strip()) and not row.lstrip().startswith(("❯", "●", "─")))
        marked |= {number} if within else set()
    return marked


def svg(panes):
    width = int(SIZE[0] * CHARACTER + 4 * MARGIN)
    parts, top = [], MARGIN
    for title, lines in panes:
        parts.append(f'<text class="head" x="{MARGIN}" y="{top + 13}">{html.escape(title)}</text>')
        height = len(lines) * LINE + 2 * MARGIN
        parts.append(f'<rect class="pane" x="{MARGIN}" y="{top + 22}" width="{width - 2 * MARGIN}" height="{height}" rx="6"/>')
        marked = said_by_baton(lines)
        for number, row in enumerate(lines):
            kind = ' class="said"' if number in marked else ""
            y = top + 22 + MARGIN + 13 + number * LINE
            parts.append(f'<text{kind} x="{2 * MARGIN}" y="{y}" xml:space="preserve">{html.escape(row)}</text>')
        top += 22 + height + MARGIN
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{top}" viewBox="0 0 {width} {top}" role="img">'
    title = "<title>A run moves to the process that goes on with its session</title>"
    return "\n".join([head, title, f"<style>{STYLE}</style>", f'<rect class="back" width="{width}" height="{top}"/>', *parts, "</svg>", ""])


def idle(window):
    wait_for("the end of the turn", lambda: not window.pane.shows(r"…\s*\("))


def play(client):
    client.terminal.size = SIZE
    first = client.open()
    session, _ = started(client, first)
    idle(first)
    first.kill()
    first.pane.wait("Killed")
    before = rows(first.pane.screen())
    second = client.open("--resume", session)
    second.pane.wait(MOVED)
    second.begin("go on")
    second.pane.wait("answer 1 to go on")
    second.pane.enter("! baton run list")
    second.pane.wait("active .*nightly")
    second.pane.wait("answer 2 to go on")
    idle(second)
    return [("pane %0: an agent starts a run, and is killed (kill -9)", before),
            ("pane %1: its session is resumed; baton gives the run to the new process", rows(second.pane.screen()))]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--baton", type=pathlib.Path)
    parser.add_argument("file", nargs="?", type=pathlib.Path, default=FILE)
    options = parser.parse_args()
    missing = packages.why_missing("claude") or isolation.enter()
    baton = options.baton or built_baton()
    if missing or not baton:
        sys.exit(f"cannot be drawn here: {missing or 'baton is not built'}")
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="bc-"))
    client = Shown(packages.find("claude"), scratch / "home", baton.resolve(), RECORDER)
    try:
        picture = svg(play(client))
    finally:
        client.close()
        shutil.rmtree(scratch, ignore_errors=True)
    options.file.write_text(picture, encoding="utf-8")
    print(f"wrote {options.file}")


if __name__ == "__main__":
    main()
