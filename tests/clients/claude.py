"""Driving Claude Code."""
import claude_wire
from client import Client


class Claude(Client):
    agent = "claude"
    wire = claude_wire
    ready = r"^\s*❯"
    leave = "/exit"
    home_variable = "CLAUDE_CONFIG_DIR"
    # Its own default asks a model whether a tool may run; ours would not know.
    flags = ("--permission-mode", "default", "--allowedTools", "Bash")

    @staticmethod
    def resuming(session):
        return ("--resume", session)

    def headless(self, prompt, arguments):
        return ["-p", *self.flags, *self.debugging(), *arguments, "--", prompt]

    @staticmethod
    def interrupt(window):
        """Esc, which fires no event."""
        window.pane.keys("Escape")
        window.pane.wait("Interrupted")

    def debugging(self):
        # One file for each process: they write at the same time.
        return ("--debug-file", str(self.home.path / f"debug-{len(self.windows) + len(self.finished)}.log"))
