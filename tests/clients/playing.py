"""Playing one scenario in a fresh home."""
import dataclasses
import pathlib
import sys
import traceback

import packages

RECORDER = [sys.executable, str(pathlib.Path(__file__).resolve().parent / "recorder.py")]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """`wrong`: what went wrong, None when it passed. `order` and `payloads`: what the hooks saw. `took`: see `Client.call_times`."""
    wrong: str | None
    order: list
    payloads: list
    took: dict


def play(scenario, baton, directory):
    wrong, took = None, {}
    try:
        client = scenario.client(packages.find(scenario.client.agent), directory, baton, RECORDER)
    except AssertionError as failure:
        return Outcome(str(failure), [], [], {})
    try:
        scenario.play(client)
        reported = client.reported_failures()
        assert bool(reported) == client.hooks_fail, "what the client reported of failed hooks:\n" + "\n".join(reported)
        took = client.call_times()
    except AssertionError as failure:
        wrong = str(failure) or traceback.format_exc(limit=-3)
    except Exception:  # one broken scenario must not hide the results of the others
        wrong = traceback.format_exc(limit=-5)
    # Read before the homes are closed: what the clients say at their forced end depends on the moment.
    order, payloads = client.records.order(), [record.payload for record in client.records.all()]
    try:
        client.close()
    except AssertionError as failure:
        wrong = wrong or str(failure)
    return Outcome(wrong, order, payloads, took)
