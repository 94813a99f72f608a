"""Driving Codex."""
import json
import re

import codex_wire
import processes
from client import Client
from waiting import wait_for

WHERE = "Where should the"  # a question asked by /new and its like


class Codex(Client):
    agent = "codex"
    wire = codex_wire
    ready = r"^\s*› "
    leave = "/quit"
    flags = ("--no-daemon",)

    def headless(self, prompt, arguments):
        return ["exec", "--skip-git-repo-check", *arguments, prompt]

    def switch(self, window, command):
        """/new, /clear or /fork, with its question answered."""
        window.command(command)
        shown = window.pane.wait(f"{WHERE}|{self.ready}")
        if WHERE in shown.group():
            window.pane.keys("Enter")
        wait_for("the question to be answered", lambda: not window.pane.shows(WHERE))

    def daemon(self):
        """The pid of the daemon that serves this home; None when there is none."""
        try:
            pid = json.loads((self.home.codex / "app-server-daemon/daemon.pid").read_text(encoding="utf-8"))["pid"]
        except (OSError, ValueError, KeyError):
            return None
        return pid if processes.is_alive(pid) else None

    def open_shared(self, *arguments, cwd=None):
        """The TUI as a person starts it: served by the daemon."""
        window = self.open(*arguments, cwd=cwd, flags=())
        wait_for("the daemon", self.daemon)
        return window

    @staticmethod
    def session_named(finished):
        """The session id that `codex exec` printed."""
        return re.search(r"session id: ([0-9a-f-]{36})", finished.err).group(1)
