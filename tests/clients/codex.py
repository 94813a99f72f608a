"""Driving Codex."""
import json
import re

import codex_wire
import processes
from client import Client
from waiting import wait_for


class Codex(Client):
    agent = "codex"
    wire = codex_wire
    ready = r"^\s*› "
    leave = "/quit"
    home_variable = "CODEX_HOME"
    flags = ("--no-daemon",)
    install_flags = ("--trust",)

    @staticmethod
    def resuming(session):
        return ("resume", session)

    def headless(self, prompt, arguments):
        return ["exec", "--skip-git-repo-check", *arguments, prompt]

    def switch(self, window, command):
        """/new, /clear or /fork, with the question that two of them ask answered."""
        window.command(command)
        if command != "/clear":
            window.pane.wait("Where should the")
            window.pane.keys("Enter")
        if command == "/fork":
            window.pane.wait("Fork created")
        else:
            wait_for(f"an empty conversation after {command}", lambda: not window.pane.shows("answer [0-9]+ to") and window.pane.shows(self.ready))

    def interrupt(self, window):
        """Esc. Nothing else is typed before it was obeyed: Codex takes Esc and a key that comes at once for Alt and that key."""
        seen = len(self.records.of("Interrupt"))
        window.pane.keys("Escape")
        self.records.wait("Interrupt", count=seen + 1)

    @staticmethod
    def embed(directory):
        """From now on each process runs its own hooks, also where nobody says --no-daemon."""
        with open(directory / "config.toml", "a", encoding="utf-8") as config:
            config.write("[features]\ndaemon_auto_start = false\n")

    def daemon(self):
        """The pid of the daemon that serves this home; None when there is none."""
        try:
            pid = json.loads((self.home.codex / "app-server-daemon/daemon.pid").read_text(encoding="utf-8"))["pid"]
        except (OSError, ValueError, KeyError):
            return None
        return pid if processes.is_alive(pid) else None

    def open_shared(self, *arguments, cwd=None):
        """The TUI as a user starts it: served by the daemon."""
        window = self.open(*arguments, cwd=cwd, flags=())
        wait_for("the daemon", self.daemon)
        return window

    def stop_daemon(self):
        """As a user does: it ends every session it has loaded."""
        assert self.run("app-server", "daemon", "stop").code == 0, self.finished[-1]
        wait_for("the end of the daemon", lambda: not self.daemon())

    @staticmethod
    def session_named(finished):
        """The session id that `codex exec` printed."""
        return re.search(r"session id: ([0-9a-f-]{36})", finished.err).group(1)
