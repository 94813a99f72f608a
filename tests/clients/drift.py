#!/usr/bin/env python3
"""Has a client's contract changed? Plays the clients' own scenarios with only the recorder hooked, and compares with contract.json.

usage: drift.py [--newest | --record] [--client NAME ...]

--newest   the newest published versions, of the clients that have one newer than the pinned
--record   write contract.json instead
--client   claude, codex, gemini, copilot or opencode; may be repeated. Without it: all

Exit 0: as recorded. Exit 1: each difference is one line, `+` for what is new and `-` for what is gone.
BATON_CLAUDE_VERSION and the like choose other versions.
"""
import argparse
import pathlib
import shutil
import sys
import tempfile

import contract
import isolation
import packages
from playing import play_all


def observe(agent, directory):
    """What this version of the client does, in the form of contract.json."""
    outcomes = {}
    for scenario, outcome in play_all(contract.covered(agent), None, directory):
        print(f"FAILED {scenario.name}: {outcome.wrong}" if outcome.wrong else f"played {scenario.name}", file=sys.stderr, flush=True)
        outcomes[scenario.name] = outcome
    return contract.seen(agent, outcomes), any(outcome.wrong for outcome in outcomes.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--newest", action="store_true", help="the newest published versions")
    parser.add_argument("--record", action="store_true", help="write contract.json")
    parser.add_argument("--client", metavar="NAME", action="append", choices=packages.PACKAGES, help="a client; may be repeated (default: all)")
    options = parser.parse_args()
    agents = options.client or list(packages.PACKAGES)
    if options.newest:
        packages.choose_newest()
    missing = {agent: packages.why_missing(agent) for agent in agents}
    chosen = [agent for agent in agents if not missing[agent] and not (options.newest and packages.is_pinned(agent))]
    alone = isolation.enter()
    for agent in agents:
        if agent not in chosen:
            print(f"SKIPPED {agent}: {missing[agent] or packages.version(agent) + ' is the pinned one'}")
    if alone or not chosen or (options.record and len(chosen) < len(agents)):
        return print(f"SKIPPED: {alone or 'nothing to play'}")
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="bc-"))
    observed = {agent: observe(agent, scratch) for agent in chosen}
    shutil.rmtree(scratch, ignore_errors=True)
    now = {agent: seen for agent, (seen, _) in observed.items()}
    if not options.record:
        return sys.exit(1 if contract.report(now) else 0)
    if any(failed for _, failed in observed.values()):
        sys.exit("not recorded: a scenario failed")
    contract.record(now)
    return print(f"recorded in {contract.FILE}")


if __name__ == "__main__":
    main()
