"""A scenario is a function of one client; its name and first line are what --list shows."""
import dataclasses
import typing

from claude import Claude
from codex import Codex

SCENARIOS = []


@dataclasses.dataclass(frozen=True)
class Scenario:
    name: str
    client: type
    play: typing.Callable


def claude(play):
    SCENARIOS.append(Scenario("claude-" + play.__name__.replace("_", "-"), Claude, play))
    return play


def codex(play):
    SCENARIOS.append(Scenario("codex-" + play.__name__.replace("_", "-"), Codex, play))
    return play
