"""Driving GitHub Copilot CLI."""
import copilot_wire
from client import Client


class Copilot(Client):
    agent = "copilot"
    wire = copilot_wire
    ready = r"^\s*❯"
    leave = "/exit"
    home_variable = "COPILOT_HOME"
    flags = ("--allow-all-tools",)

    @staticmethod
    def resuming(session):
        return (f"--resume={session}",)

    def headless(self, prompt, arguments):
        return [*self.flags, *arguments, "-p", prompt]
