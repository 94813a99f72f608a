#!/usr/bin/env python3
"""Run baton as the hook of the real clients, against model servers on loopback.

usage: run.py --list | --only NAME... | (nothing: all)    [--baton PATH | --hooks-only] [--keep DIRECTORY]

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
import time

import costs
import isolation
import packages
from playing import play
from scenarios import SCENARIOS

HERE = pathlib.Path(__file__).resolve().parent


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="name the scenarios")
    parser.add_argument("--only", metavar="NAME", action="append", help="a name or a glob; may be repeated")
    parser.add_argument("--baton", type=pathlib.Path, help="the program (default: the newest in cargo's target directory)")
    parser.add_argument("--hooks-only", action="store_true", help="without baton: check the clients' events alone")
    parser.add_argument("--keep", type=pathlib.Path, metavar="DIRECTORY", help="leave the homes in this directory")
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


def main():
    options = arguments()
    chosen = [s for s in SCENARIOS if any(fnmatch.fnmatch(s.name, only) for only in options.only or ["*"])]
    if options.list:
        return print(*(f"{s.name:34} {s.play.__doc__}" for s in chosen), sep="\n")
    baton = None if options.hooks_only else options.baton or built_baton()
    if not chosen or not (baton or options.hooks_only):
        sys.exit("no such scenario" if not chosen else "baton is not built: `cargo build`, or say --baton PATH, or --hooks-only")
    absent = {agent: packages.why_missing(agent) for agent in sorted({s.client.agent for s in chosen})}
    alone = isolation.enter()
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="bc-", dir=options.keep))
    took = {}
    for scenario in chosen:
        began, wrong = time.monotonic(), alone or absent[scenario.client.agent] or (scenario.needs_baton and not baton and "needs baton")
        result = "skipped" if wrong else "passed"
        if not wrong:
            outcome = play(scenario, baton and baton.resolve(), scratch / scenario.name)
            wrong = outcome.wrong
            for who, times in outcome.took.items():
                took.setdefault(who, []).extend(times)
            result = "failed" if wrong else result
            if not options.keep:
                shutil.rmtree(scratch / scenario.name, ignore_errors=True)  # a daemon alone is 400 MB
        counts[result] += 1
        said = wrong.replace("\n", "\n    ") if wrong else f"{time.monotonic() - began:.0f} s"
        print(f"{'SKIPPED' if result == 'skipped' else result} {scenario.name}: {said}", flush=True)
    if not options.keep:
        shutil.rmtree(scratch, ignore_errors=True)
    counts["failed"] += say_costs(took)
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    return sys.exit(1 if counts["failed"] else 0)


if __name__ == "__main__":
    main()
