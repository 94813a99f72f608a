#!/usr/bin/env python3
"""Has a client's contract changed? Plays every scenario with only the recorder hooked, and compares with contract.json.

usage: drift.py [--record]        --record writes contract.json instead

Exit 0: as recorded. Exit 1: each difference is one line, `+` for what is new and `-` for what is gone.
BATON_CLAUDE_VERSION and BATON_CODEX_VERSION choose other versions.
"""
import argparse
import json
import pathlib
import shutil
import sys
import tempfile

import isolation
import packages
from playing import play
from scenarios import SCENARIOS

CONTRACT = pathlib.Path(__file__).resolve().parent / "contract.json"
FAILED = "and then the scenario failed"
TYPES = {str: "text", bool: "bool", int: "number", float: "number", dict: "object", list: "list", type(None): "null"}


def fields(payloads):
    """The fields of one event in wire order, as `name: type`; a `?` where some of the payloads lack it."""
    order, types = [], {}
    for payload in payloads:
        place = 0
        for name, value in payload.items():
            types.setdefault(name, set()).add(TYPES[type(value)])
            if name not in order:
                order.insert(place, name)
            place = order.index(name) + 1
    missing = {name for name in order if any(name not in payload for payload in payloads)}
    return [f"{name}{'?' * (name in missing)}: {' or '.join(sorted(types[name]))}" for name in order]


def out_of_order(payloads, listed):
    """Payloads whose fields do not stand in the listed order."""
    place = {line.split(":")[0].rstrip("?"): index for index, line in enumerate(listed)}
    return [payload for payload in payloads if [place[name] for name in payload] != sorted(place[name] for name in payload)]


def observe(agent, directory):
    """What this version of the client does, in the form of contract.json."""
    payloads, orders = {}, {}
    for scenario in SCENARIOS:
        if scenario.client.agent != agent or scenario.needs_baton:
            continue
        outcome = play(scenario, None, directory / scenario.name)
        print(f"FAILED {scenario.name}: {outcome.wrong}" if outcome.wrong else f"played {scenario.name}", file=sys.stderr, flush=True)
        orders[scenario.name] = outcome.order if not outcome.wrong else [*outcome.order, FAILED]
        for payload in outcome.payloads:
            payloads.setdefault(payload["hook_event_name"], []).append(payload)
    events = {event: fields(seen) for event, seen in sorted(payloads.items())}
    mixed = sorted(event for event, seen in payloads.items() if out_of_order(seen, events[event]))
    return {"version": packages.version(agent), "events": events, "events_without_one_order": mixed, "scenarios": orders}


def lines(contract):
    """Every fact of a contract as one line; what stands in an order is one line together."""
    facts = [f"{agent} {kind} {name}: {', '.join(value)}" for agent, seen in contract.items()
             for kind in ("events", "scenarios") for name, value in seen[kind].items()]
    return set(facts) | {f"{agent} no one order of fields: {event}" for agent, seen in contract.items() for event in seen["events_without_one_order"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help="write contract.json")
    record = parser.parse_args().record
    missing = {agent: packages.why_missing(agent) for agent in packages.PACKAGES}
    alone = isolation.enter()
    if alone or all(missing.values()) or (record and any(missing.values())):
        return print(f"SKIPPED: {alone or missing}")
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="bc-"))
    seen = {agent: observe(agent, scratch) for agent in packages.PACKAGES if not missing[agent]}
    shutil.rmtree(scratch, ignore_errors=True)
    if record and FAILED in json.dumps(seen):
        sys.exit("not recorded: a scenario failed")
    if record:
        CONTRACT.write_text(json.dumps(seen, indent=1) + "\n", encoding="utf-8")
        return print(f"recorded in {CONTRACT}")
    known = json.loads(CONTRACT.read_text(encoding="utf-8"))
    was, now = lines({agent: known[agent] for agent in seen}), lines(seen)
    for agent, reason in missing.items():
        print(f"{'SKIPPED ' + reason if reason else 'compared'}: {agent} {packages.version(agent)} with {known[agent]['version']}")
    changed = [f"+ {line}" for line in now - was] + [f"- {line}" for line in was - now]
    print(*sorted(changed, key=lambda line: (line[2:], line[0])), f"{len(changed)} differences", sep="\n")
    return sys.exit(1 if changed else 0)


if __name__ == "__main__":
    main()
