"""Driving Gemini CLI."""
import json

import gemini_wire
import processes
from client import Client
from waiting import wait_for


class Gemini(Client):
    agent = "gemini"
    wire = gemini_wire
    ready = r"Type your message"
    leave = "/quit"
    has_adapter = False
    turn_end = "AfterAgent"
    home_variable = "GEMINI_CLI_HOME"
    # A shell call is asked about otherwise, one with a redirection also where the tool is allowed.
    flags = ("--approval-mode", "yolo")

    @staticmethod
    def resuming(session):
        return ("--resume", session)

    def headless(self, prompt, arguments):
        return [*self.flags, *arguments, "-p", prompt]

    def open(self, *arguments, ready=True, **more):
        """As `Client.open`; what is typed before SessionStart is over waits. `ready=False`: no such event will come."""
        seen = len(self.records.of("SessionStart"))
        window = super().open(*arguments, **more)
        if ready:
            self.records.wait("SessionStart", count=seen + 1)
        wait_for("a key to be shown", lambda: self.takes_key(window.pane), detail=window.pane.last_lines)
        return window

    def takes_key(self, pane):
        """Whether a key arrives. Some are lost while a conversation is being restored. It is taken back."""
        pane.type("x")
        try:
            wait_for("the key", lambda: not pane.shows(self.ready), seconds=1)
        except AssertionError:
            return False
        pane.keys("C-u")
        pane.wait(self.ready)
        return True

    def is_program(self, pid):
        """A node process that has the client's script as an argument."""
        return str(self.program) in processes.arguments(pid)

    def inner(self, pid):
        """The process that the one in the pane starts, and that does the work."""
        return next((child for child in processes.children(pid) if self.is_program(child)), None)

    def kill_inner(self, window):
        """kill -9 of the process that does the work; the other one ends by itself."""
        window.pane.screen()
        processes.send(self.inner(window.pid))
        window.gone()

    def configure(self, change):
        """Change the user's settings file: `change` is given its content."""
        path = self.home.gemini / "settings.json"
        settings = json.loads(path.read_text(encoding="utf-8"))
        change(settings)
        path.write_text(json.dumps(settings, indent=1), encoding="utf-8")

    def interrupt(self, window):
        """Esc, which fires no event."""
        window.pane.keys("Escape")
        window.pane.wait("Request cancelled")
