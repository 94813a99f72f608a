"""Playing scenarios, each in a fresh home and a process of its own."""
import concurrent.futures
import dataclasses
import json
import pathlib
import shutil
import subprocess
import sys
import time
import traceback

import isolation
import packages

HERE = pathlib.Path(__file__).resolve()
RECORDER = [sys.executable, str(HERE.parent / "recorder.py")]
# Scenarios that run at once. Each waits for its client most of the time, so there may be a few more than cores.
JOBS = 3


@dataclasses.dataclass(frozen=True)
class Outcome:
    """`wrong`: what went wrong, None when it passed. `order` and `payloads`: what the hooks saw. `took`: see `Client.call_times`."""
    wrong: str | None
    order: list = dataclasses.field(default_factory=list)
    payloads: list = dataclasses.field(default_factory=list)
    took: dict = dataclasses.field(default_factory=dict)
    seconds: float = 0.0


def play_all(scenarios, baton, directory, jobs=JOBS):
    """Plays each scenario, some at once. Yields it and its outcome when it is over."""
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        playing = {pool.submit(play_apart, scenario, baton, directory / scenario.name): scenario for scenario in scenarios}
        for over in concurrent.futures.as_completed(playing):
            yield playing[over], over.result()


def play_apart(scenario, baton, directory):
    """As `play`, in another process: the account database, which holds one home, is that process' own."""
    command = ["unshare", "--mount", sys.executable, str(HERE), scenario.name, str(directory), *([str(baton)] if baton else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        return Outcome(**json.loads(done.stdout.splitlines()[-1]))
    except (IndexError, ValueError, TypeError):
        return Outcome(f"the process that played it: exit {done.returncode}\n{done.stdout}{done.stderr}")


def play(scenario, baton, directory):
    began, wrong, took = time.monotonic(), None, {}
    try:
        client = scenario.client(packages.find(scenario.client.agent), directory, baton, RECORDER)
    except AssertionError as failure:
        return Outcome(str(failure))
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
    return Outcome(wrong, order, payloads, took, time.monotonic() - began)


def main(name, directory, baton=None):
    from scenarios import SCENARIOS

    isolation.enter()
    [scenario] = [scenario for scenario in SCENARIOS if scenario.name == name]
    print(json.dumps(dataclasses.asdict(play(scenario, baton and pathlib.Path(baton), pathlib.Path(directory)))))


if __name__ == "__main__":
    main(*sys.argv[1:])
