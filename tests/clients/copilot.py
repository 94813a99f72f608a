"""Driving GitHub Copilot CLI."""
import chat_wire
from client import Client
from waiting import wait_for


class Copilot(Client):
    agent = "copilot"
    wire = chat_wire
    has_adapter = False
    ready = r"^\s*❯"
    leave = "/exit"
    home_variable = "COPILOT_HOME"
    flags = ("--allow-all-tools",)

    @staticmethod
    def resuming(session):
        return (f"--resume={session}",)

    def headless(self, prompt, arguments):
        return [*self.flags, *arguments, "-p", prompt]

    @staticmethod
    def interrupt(window):
        """Ctrl-C, which fires no event. One Esc does nothing; two within half a second put a prompt back that has no answer yet."""
        window.pane.keys("C-c")
        window.pane.wait("Operation cancelled by user")

    @staticmethod
    def put_back(window, prompt):
        """Esc twice, until the prompt stands where it was typed: the two count only when they come neither at once nor late."""
        def back():
            window.pane.keys("Escape")
            return window.pane.shows(rf"❯\s+{prompt}\s*\n─")
        wait_for("the prompt to be put back", back, detail=window.pane.last_lines)

    @staticmethod
    def leave_by_keys(window):
        window.pane.keys("C-c")
        window.pane.wait(r"ctrl\+c again to exit")
        window.pane.keys("C-c")
        window.gone()

    def switch(self, window, command, says):
        """/clear, /new, /fork or /resume; `says`: what then stands on the screen."""
        window.command(command)
        window.pane.wait(says)
        window.pane.wait(r"← open sidebar")

    def directory_of(self, session):
        return self.home.copilot / "session-state" / session

    def transcript(self, session):
        return self.directory_of(session) / "events.jsonl"

    def users_of(self, session):
        """The pids of the processes that say that they have this session open."""
        return {int(path.read_text(encoding="utf-8")) for path in self.directory_of(session).glob("inuse.*.lock")}
