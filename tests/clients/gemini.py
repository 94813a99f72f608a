"""Driving Gemini CLI."""
import gemini_wire
import processes
from client import Client


class Gemini(Client):
    agent = "gemini"
    wire = gemini_wire
    ready = r"Type your message"
    leave = "/quit"
    turn_end = "AfterAgent"
    home_variable = "GEMINI_CLI_HOME"
    # A shell call is asked about unless it is allowed.
    flags = ("--allowed-tools", "run_shell_command")

    @staticmethod
    def resuming(session):
        return ("--resume", session)

    def headless(self, prompt, arguments):
        return [*self.flags, *arguments, "-p", prompt]

    def is_program(self, pid):
        """A node process that has the client's script as an argument."""
        return str(self.program) in processes.arguments(pid)

    def inner(self, pid):
        """The process that the one in the pane starts, and that does the work."""
        return next((child for child in processes.children(pid) if self.is_program(child)), None)

    def interrupt(self, window):
        """Esc, which fires no event."""
        window.pane.keys("Escape")
        window.pane.wait("Request cancelled")
