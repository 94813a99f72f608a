"""A scenario is a function of one client; its name and first line are what --list shows."""
import dataclasses
import typing

from claude import Claude
from codex import Codex
from copilot import Copilot
from gemini import Gemini
from opencode import Opencode

SCENARIOS = []
# A start, a resume, an end, and kill -9 of each client that baton has no adapter for: what `run.py` plays of them by default.
CORE = {"gemini-tui-prompt-and-quit", "gemini-tui-resume-by-id", "gemini-end-sigterm", "gemini-tui-kill-and-resume",
        "copilot-tui-prompt-and-exit", "copilot-resume-by-id", "copilot-end-sigterm", "copilot-end-kill",
        "opencode-tui-prompt-and-exit", "opencode-tui-continue", "opencode-tui-sigterm", "opencode-tui-kill-and-resume"}


@dataclasses.dataclass(frozen=True)
class Scenario:
    name: str
    client: type
    play: typing.Callable
    needs_baton: bool
    why_missing: typing.Callable = lambda: None  # why it cannot be played here; None when it can

    @property
    def is_core(self):
        """Whether it is played by default."""
        return self.client.has_adapter or self.name in CORE


def register(client, needs_baton):
    def add(play, **more):
        SCENARIOS.append(Scenario(f"{client.agent}-{play.__name__.replace('_', '-')}", client, play, needs_baton, **more))
        return play
    return add


claude, codex = register(Claude, False), register(Codex, False)
gemini, copilot, opencode = register(Gemini, False), register(Copilot, False), register(Opencode, False)
claude_with_baton, codex_with_baton = register(Claude, True), register(Codex, True)
