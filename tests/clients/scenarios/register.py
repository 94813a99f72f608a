"""A scenario is a function of one client; its name and first line are what --list shows."""
import dataclasses
import typing

from claude import Claude
from codex import Codex
from opencode import Opencode

SCENARIOS = []


@dataclasses.dataclass(frozen=True)
class Scenario:
    name: str
    client: type
    play: typing.Callable
    needs_baton: bool
    why_missing: typing.Callable = lambda: None  # why it cannot be played here; None when it can


def register(client, needs_baton):
    def add(play, **more):
        SCENARIOS.append(Scenario(f"{client.agent}-{play.__name__.replace('_', '-')}", client, play, needs_baton, **more))
        return play
    return add


claude, codex, opencode = register(Claude, False), register(Codex, False), register(Opencode, False)
claude_with_baton, codex_with_baton = register(Claude, True), register(Codex, True)
