#!/usr/bin/env python3
"""Run baton as the hook of the real clients, against model servers on loopback.

usage: run.py --list | --only NAME... | --all | (nothing)    [--baton PATH | --hooks-only] [--keep DIRECTORY] [--retry] [--jobs N]

Without --only and --all it plays all scenarios of the clients that baton has an adapter for, and a core of the others.
At the end it lists how the clients' events differ from contract.json, where all of a client's own scenarios were played. That is no failure.
Exit 0 when nothing failed. The last line is `N passed, N failed, N skipped`.
"""
import argparse
import fnmatch
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import contract
import costs
import isolation
import packages
from playing import JOBS, play_all
from scenarios import SCENARIOS

HERE = pathlib.Path(__file__).resolve().parent


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="name the scenarios")
    parser.add_argument("--only", metavar="NAME", action="append", help="a name or a glob; may be repeated")
    parser.add_argument("--all", action="store_true", help="every scenario, those of clients that baton has no adapter for too")
    parser.add_argument("--baton", type=pathlib.Path, help="the program (default: the newest in cargo's target directory)")
    parser.add_argument("--hooks-only", action="store_true", help="without baton: check the clients' events alone")
    parser.add_argument("--keep", type=pathlib.Path, metavar="DIRECTORY", help="leave the homes in this directory")
    parser.add_argument("--retry", action="store_true", help="play what failed once more, alone: the clients draw on terminals and talk over time")
    parser.add_argument("--jobs", type=int, default=JOBS, metavar="N", help=f"scenarios that run at once (default: {JOBS})")
    return parser.parse_args()


def built_baton():
    """The newest built program, or None."""
    metadata = subprocess.run(["cargo", "metadata", "--no-deps", "--format-version=1", "--offline"], cwd=HERE, capture_output=True, text=True, check=False)
    if metadata.returncode:
        return None
    target = pathlib.Path(json.loads(metadata.stdout)["target_directory"])
    found = [path for path in (*target.glob("*/baton"), *target.glob("*/*/baton")) if os.access(path, os.X_OK) and path.is_file()]
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


def say_costs(took):
    """What a call of baton costs here. 1 where that is too much, else 0."""
    for who, times in took.items():
        print(f"a call of baton, by {who}: {costs.summary(times)}")
    try:
        for who in ("baton", "the stopwatch"):
            costs.check(took.get(who))
    except AssertionError as failure:
        print(f"failed costs: {failure}")
        return 1
    return 0


def played(chosen, baton, scratch, options):
    """The outcome of each scenario, by its name. Each is printed when it is over."""
    outcomes = {}
    for scenario, outcome in play_all(chosen, baton, scratch, options.jobs):
        outcomes[scenario.name] = outcome
        say("failed" if outcome.wrong else "passed", scenario, outcome.wrong or f"{outcome.seconds:.0f} s")
        if not options.keep:
            shutil.rmtree(scratch / scenario.name, ignore_errors=True)  # a daemon alone is 400 MB
    return outcomes


def say(result, scenario, detail):
    print(f"{result} {scenario.name}: " + detail.replace("\n", "\n    "), flush=True)


def compare(outcomes):
    """What the clients do otherwise than contract.json says, of those of whom all is known."""
    complete = [agent for agent in packages.PACKAGES if all(scenario.name in outcomes for scenario in contract.covered(agent))]
    if complete:
        contract.report({agent: contract.seen(agent, outcomes) for agent in complete})


def main():
    options = arguments()
    chosen = [s for s in SCENARIOS if any(fnmatch.fnmatch(s.name, only) for only in options.only or ["*"])]
    if not (options.only or options.all or options.list):
        chosen = [s for s in chosen if s.is_core]
    if options.list:
        return print(*(f"{s.name:34} {s.play.__doc__}" for s in chosen), sep="\n")
    baton = None if options.hooks_only else options.baton or built_baton()
    if not chosen or not (baton or options.hooks_only):
        sys.exit("no such scenario" if not chosen else "baton is not built: `cargo build`, or say --baton PATH, or --hooks-only")
    absent = {agent: packages.why_missing(agent) for agent in sorted({s.client.agent for s in chosen})}
    alone = isolation.enter()
    skipped = {s: alone or absent[s.client.agent] or (s.needs_baton and not baton and "needs baton") or s.why_missing() for s in chosen}
    for scenario, why in skipped.items():
        if why:
            say("SKIPPED", scenario, why)
    chosen = [scenario for scenario in chosen if not skipped[scenario]]
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="bc-", dir=options.keep))
    outcomes = played(chosen, baton and baton.resolve(), scratch, options)
    failed = [scenario for scenario in chosen if outcomes[scenario.name].wrong]
    if failed and options.retry:
        print(f"== once more, alone: {len(failed)} of {len(chosen)}")
        again = pathlib.Path(tempfile.mkdtemp(dir=scratch))
        options.jobs = 1
        outcomes |= played(failed, baton and baton.resolve(), again, options)
        failed = [scenario for scenario in failed if outcomes[scenario.name].wrong]
    if not options.keep:
        shutil.rmtree(scratch, ignore_errors=True)
    took = {}
    for outcome in outcomes.values():
        for who, times in outcome.took.items():
            took.setdefault(who, []).extend(times)
    compare(outcomes)
    wrong = len(failed) + say_costs(took)
    print(f"{len(chosen) - len(failed)} passed, {wrong} failed, {sum(map(bool, skipped.values()))} skipped")
    return sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
