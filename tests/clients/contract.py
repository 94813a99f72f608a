"""The clients' contract: the fields of each event, and the events of each scenario, as contract.json has them."""
import json
import pathlib

import packages
from scenarios import SCENARIOS

FILE = pathlib.Path(__file__).resolve().parent / "contract.json"
FAILED = "and then the scenario failed"
TYPES = {str: "text", bool: "bool", int: "number", float: "number", dict: "object", list: "list", type(None): "null"}


def covered(agent):
    """The scenarios played by default whose events are the client's alone, without what a run does to them."""
    return [scenario for scenario in SCENARIOS if scenario.client.agent == agent and scenario.is_core and not scenario.needs_baton]


def seen(agent, outcomes):
    """What this version of the client did. `outcomes`: of each scenario that is covered, by its name."""
    payloads, orders = {}, {}
    for scenario in covered(agent):
        outcome = outcomes[scenario.name]
        orders[scenario.name] = [*outcome.order, *([FAILED] if outcome.wrong else [])]
        for payload in outcome.payloads:
            payloads.setdefault(payload["hook_event_name"], []).append(payload)
    events = {event: fields(of_event) for event, of_event in sorted(payloads.items())}
    mixed = sorted(event for event, of_event in payloads.items() if out_of_order(of_event, events[event]))
    return {"version": packages.version(agent), "events": events, "events_without_one_order": mixed, "scenarios": orders}


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


def lines(contract):
    """Every fact of a contract as one line; what stands in an order is one line together."""
    facts = [f"{agent} {kind} {name}: {', '.join(value)}" for agent, of_agent in contract.items()
             for kind in ("events", "scenarios") for name, value in of_agent[kind].items()]
    return set(facts) | {f"{agent} no one order of fields: {event}" for agent, of_agent in contract.items() for event in of_agent["events_without_one_order"]}


def differences(now):
    """What differs from contract.json: one line each, `+` for what is new and `-` for what is gone."""
    known = json.loads(FILE.read_text(encoding="utf-8"))
    was, is_so = lines({agent: known[agent] for agent in now}), lines(now)
    changed = [f"+ {line}" for line in is_so - was] + [f"- {line}" for line in was - is_so]
    return sorted(changed, key=lambda line: (line[2:], line[0]))


def report(now):
    """Prints the differences, and returns whether there are any."""
    known = json.loads(FILE.read_text(encoding="utf-8"))
    changed = differences(now)
    for agent in now:
        print(f"compared: {agent} {now[agent]['version']} with the recorded {known[agent]['version']}")
    print(*changed, f"{len(changed)} differences", sep="\n")
    return bool(changed)


def record(now):
    """Writes these clients' contracts; those of the others stay."""
    known = json.loads(FILE.read_text(encoding="utf-8"))
    FILE.write_text(json.dumps(known | now, indent=1) + "\n", encoding="utf-8")
