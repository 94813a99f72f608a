#!/usr/bin/env python3
"""Measure what the clients do when a Stop is blocked: STOPS.md is written from this.

usage: stops.py [--save DIRECTORY] [CASE...]     cases are functions below; each is measured with both clients

--save writes what was recorded into a directory, in the form of ../captures.
"""
import argparse
import hashlib
import json
import pathlib
import shutil
import sys
import tempfile
import time

import isolation
import packages
from claude import Claude
from codex import Codex
from model_server import Answer
from playing import RECORDER
from waiting import wait_for

BLOCK = json.dumps({"decision": "block", "reason": "not done yet, go on"})
SAME = "always the same words"
WATCHED = ("prompt_id", "turn_id", "stop_hook_active", "last_assistant_message", "error")


def three_blocked(client):
    "three in a row, the model says something else each time"
    window = client.open()
    client.records.answer("Stop", BLOCK, BLOCK, BLOCK)
    window.begin("hello one")
    client.records.wait("Stop", count=4)


def three_blocked_same_words(client):
    "three in a row, the model says the same each time"
    window = client.open()
    client.records.answer("Stop", BLOCK, BLOCK, BLOCK)
    window.begin("hello one", say=SAME)
    client.records.wait("Stop", count=4)


def no_latency(client):
    "as before, with a model that answers at once"
    client.model.latency = 0.0
    three_blocked_same_words(client)


def headless_blocked(client):
    "twelve in a row without a terminal"
    client.records.answer("Stop", *[BLOCK] * 12)
    client.model.expect_prompt("hello one", Answer(say=SAME))
    print("   ", client.run(*client.headless("hello one", ())))


def twelve_blocked(client):
    "more than any cap known; then a prompt of the user's"
    window = client.open()
    client.records.answer("Stop", *[BLOCK] * 12)
    window.begin("hello one", say=SAME)
    settled(client)
    window.begin("hello two", say=SAME)
    settled(client)


def prompt_meanwhile(client):
    "a prompt typed while the model answers after a block"
    window = client.open()
    client.records.answer("Stop", BLOCK)
    release = window.hold("hello one", since=2)
    client.model.wait("hello one", count=2)
    client.model.expect_prompt("hello two", Answer())
    window.pane.enter("hello two")
    wait_for("the prompt to be shown", lambda: window.pane.shows("hello two"))
    settled(client, seconds=3)
    release.set()
    client.model.wait("hello two")
    settled(client)


def escape_meanwhile(client):
    "Esc while the model answers after a block; then a prompt"
    window = client.open()
    client.records.answer("Stop", BLOCK)
    release = window.hold("hello one", since=2)
    client.model.wait("hello one", count=2)
    window.pane.keys("Escape")
    settled(client, seconds=3)
    release.set()
    window.pane.keys("C-u")
    window.begin("hello two")
    settled(client)


def failure_meanwhile(client):
    "the service fails after a block; then a prompt"
    window = client.open()
    client.records.answer("Stop", BLOCK)
    window.begin("hello one", fail=True, since=2)
    client.model.wait("hello one", count=2)
    settled(client)
    window.begin("hello two")
    settled(client)


CASES = (three_blocked, three_blocked_same_words, no_latency, headless_blocked, twelve_blocked, prompt_meanwhile, escape_meanwhile, failure_meanwhile)


def settled(client, seconds=8):
    """Measuring, not proving: wait until nothing more has come for a while."""
    seen, since = -1, time.monotonic()
    while time.monotonic() - since < seconds:
        now = len(client.records.all())
        if now != seen:
            seen, since = now, time.monotonic()
        time.sleep(0.2)


def report(client):
    """One line per event: seconds since the one before, digest of its bytes, the watched fields (ids shortened)."""
    before = None
    for record in client.records.all():
        gap = record.began - before if before else 0.0
        before = record.began
        watched = " ".join(f"{name}={str(record.payload[name])[-26:]!r}" for name in WATCHED if name in record.payload)
        digest = hashlib.sha256(record.text.encode()).hexdigest()[:8]
        print(f"    +{gap:6.3f} {record.event:17} {digest} {record.detail} {watched}".rstrip())


# What is there of a hook's environment in a capture.
NOT_OF_THE_CLIENT = ("BATON_HOME", "BATON_TEST_WINDOW")


def save(client, case, directory):
    """Write the calls as a capture: the home is /home/dev, processes have labels."""
    records, labels = client.records.all(), {}
    for record in records:
        for above in (above for above in record.ancestors if above["name"] == client.agent):
            labels.setdefault((above["pid"], above["start"]), f"P{len(labels) + 1}")
    pids = {str(pid): label for (pid, _), label in labels.items()}
    lines = [{"agent": client.agent, "processes": {label: {"comm": client.agent, "daemon": False, "tty": bool(client.windows)} for label in labels.values()}}]
    for order, record in enumerate(records, start=1):
        env = {name: pids.get(value, value) if name == "CLAUDE_PID" else value for name, value in sorted(record.env.items()) if name not in NOT_OF_THE_CLIENT}
        parent = record.ancestors[0]["name"]
        lines.append({"order": order, "t_s": round(record.began - records[0].began, 3), "after_step": case.__doc__, "event": record.event,
                      "shell": parent if parent != client.agent else None,
                      "chain": [labels[above["pid"], above["start"]] for above in record.ancestors if above["name"] == client.agent],
                      "transcript_bytes": record.transcript_bytes, "env": env, "payload": record.payload})
    text = "\n".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) for line in lines) + "\n"
    path = directory / client.agent / f"{50 + CASES.index(case)}-stops-{case.__name__.replace('_', '-')}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.replace(str(client.home.path), "/home/dev"), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--save", type=pathlib.Path, metavar="DIRECTORY")
    parser.add_argument("cases", nargs="*", metavar="CASE")
    options = parser.parse_args()
    chosen = [case for case in CASES if not options.cases or case.__name__ in options.cases]
    missing = {agent: packages.why_missing(agent) for agent in packages.PACKAGES}
    alone = isolation.enter()
    for kind in (Claude, Codex):
        if alone or missing[kind.agent]:
            print(f"SKIPPED {kind.agent}: {alone or missing[kind.agent]}")
            continue
        for case in chosen:
            scratch = pathlib.Path(tempfile.mkdtemp(prefix="bc-"))
            client = kind(packages.find(kind.agent), scratch / "home", None, RECORDER)
            print(f"\n{kind.agent} {packages.version(kind.agent)}: {case.__doc__}")
            try:
                case(client)
                report(client)
                if options.save:
                    save(client, case, options.save)
                print(*(window.pane.last_lines() for window in client.windows), sep="\n")
            finally:
                client.close()
                shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
