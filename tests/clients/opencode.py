"""Driving opencode."""
import json
import re
import sqlite3

import opencode_wire
from client import Client

PROBLEM = re.compile(r"failed to load plugin|plugin \w+ hook failed|the hook of \S+ failed")


class Opencode(Client):
    agent = "opencode"
    wire = opencode_wire
    ready = r"ctrl\+p commands"
    leave = "/exit"
    end_of_turn = "session.idle"
    home_variable = "OPENCODE_CONFIG_DIR"

    @staticmethod
    def resuming(session):
        return ("--session", session)

    def headless(self, prompt, arguments):
        return ["run", *arguments, prompt]

    def interrupt(self, window):
        """Esc twice: the first one only asks."""
        window.pane.keys("Escape")
        window.pane.wait("again to interrupt")
        window.pane.keys("Escape")

    @property
    def data(self):
        return self.home.path / ".local/share/opencode"

    def query(self, sql):
        """Rows of the database in which opencode keeps its sessions."""
        with sqlite3.connect(f"file:{self.data / 'opencode.db'}?mode=ro", uri=True) as database:
            return database.execute(sql).fetchall()

    def configure(self, **more):
        """Change the user's configuration file."""
        path = self.home.opencode / "opencode.json"
        path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | more), encoding="utf-8")

    def transcripts(self):
        return []  # a database; see query

    def reported_failures(self):
        logs = [path.read_text(encoding="utf-8", errors="replace") for path in self.data.glob("log/*.log")]
        return [line.strip()[:300] for text in [*logs, *self.said()] for line in text.splitlines() if PROBLEM.search(line)]
