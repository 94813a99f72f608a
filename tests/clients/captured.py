#!/usr/bin/env python3
"""Writes the calls that kept scenarios recorded as captures, in the form of ../captures.

usage: run.py --hooks-only --keep KEPT --only 'gemini-*'; captured.py gemini KEPT/bc-* ../captures
"""
import json
import pathlib
import sys

from records import Records
from scenarios import SCENARIOS

# What is there of a hook's environment in a capture, and what is not the client's.
NOT_OF_THE_CLIENT = ("BATON_HOME", "BATON_TEST_WINDOW", "CLAUDE_CONFIG_DIR", "CODEX_HOME")
# The process name of each client.
COMM = {"gemini": "node"}
# Longer than any test needs.
LEFT_OUT = ("reply-loop-limit",)


def capture(agent, step, home):
    """The lines of one capture. The home is /home/dev, processes have labels."""
    records, labels, processes = Records(home / "record").all(), {}, {}
    for record in records:
        for above in (above for above in record.ancestors if above["name"] == COMM[agent]):
            label = labels.setdefault((above["pid"], above["start"]), f"P{len(labels) + 1}")
            processes[label] = {"comm": above["name"], "daemon": False, "tty": above["tty"] != 0}
    lines = [{"agent": agent, "processes": processes}]
    for order, record in enumerate(records, start=1):
        parent = record.ancestors[0]["name"] if record.ancestors else COMM[agent]  # none: it outlived its parent
        lines.append({"order": order, "t_s": round(record.began - records[0].began, 3), "after_step": step, "event": record.event,
                      "shell": parent if parent != COMM[agent] else None,
                      "chain": [labels[above["pid"], above["start"]] for above in record.ancestors if above["name"] == COMM[agent]],
                      "transcript_bytes": record.transcript_bytes,
                      "env": {name: value for name, value in sorted(record.env.items()) if name not in NOT_OF_THE_CLIENT}, "payload": record.payload})
    text = "\n".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) for line in lines) + "\n"
    return text.replace(str(home), "/home/dev")


def main(agent, kept, out):
    directory = pathlib.Path(out) / agent
    directory.mkdir(parents=True, exist_ok=True)
    for scenario in SCENARIOS:
        name, home = scenario.name.removeprefix(f"{agent}-"), pathlib.Path(kept) / scenario.name
        if scenario.client.agent != agent or name in LEFT_OUT or not (home / "record").exists():
            continue
        if (home / "record").stat().st_size:
            (directory / f"{name}.jsonl").write_text(capture(agent, scenario.play.__doc__, home), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
