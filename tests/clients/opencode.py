"""Driving opencode."""
import json
import re
import signal
import sqlite3
import subprocess

import chat_wire
import processes
from client import Client
from waiting import wait_for

LOGGED = re.compile(r"failed to load plugin|plugin \w+ hook failed")
SHOWN = re.compile(r"the hook of \S+ failed")


class Opencode(Client):
    agent = "opencode"
    wire = chat_wire
    ready = r"ctrl\+p commands"
    leave = "/exit"
    has_adapter = False
    turn_end = "session.idle"
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

    def serve(self):
        """A server without a window; its process and address. It goes with the scenario."""
        log = self.home.path / "serve.log"
        with log.open("w", encoding="utf-8") as output:
            server = subprocess.Popen([self.program, "serve"], cwd=self.home.work, env=self.home.env, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        found = wait_for("the server's address", lambda: re.search(r"listening on (http://\S+)", log.read_text(encoding="utf-8")))
        return server, found.group(1)

    def start(self, *arguments, cwd=None):
        """The client without a terminal, left running. A shell that started the suite in the background lets it ignore SIGINT; the client must not."""
        return subprocess.Popen([self.program, *arguments], cwd=cwd or self.home.work, env=self.home.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))

    def stop(self, process, number):
        """Send a signal to a process that `start` or `serve` started; its exit code."""
        processes.send(process.pid, number)
        return process.wait(timeout=30)

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
        # What a hook threw is not always written before the client is gone, so that the log counts for plugins only.
        logs = [path.read_text(encoding="utf-8", errors="replace") for path in self.data.glob("log/*.log")]
        return [line.strip()[:300] for texts, problem in ((logs, LOGGED), (self.said(), SHOWN)) for text in texts for line in text.splitlines() if problem.search(line)]
