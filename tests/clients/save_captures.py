#!/usr/bin/env python3
"""Writes the recordings of kept homes as captures; `../captures/README.md` describes the form.

usage: save_captures.py AGENT HOMES [DIRECTORY]    HOMES: what `run.py --keep` left; DIRECTORY: default ../captures
"""
import json
import pathlib
import re
import sys

from records import Records

# What is there of a hook's environment in a capture besides what the client set.
NOT_OF_THE_CLIENT = ("BATON_HOME", "BATON_TEST_WINDOW", "CODEX_HOME", "CLAUDE_CONFIG_DIR")
NAMES = {"copilot": "MainThread"}


def lines(agent, records, step):
    records = list(records)
    labels = {}
    for record in records:
        for above in (above for above in record.ancestors if above["name"] == NAMES.get(agent, agent)):
            labels.setdefault((above["pid"], above["start"]), (f"P{len(labels) + 1}", above))
    described = {label: {"comm": above["name"], "daemon": False, "tty": bool(above["tty"])} for label, above in labels.values()}
    pids = {str(above["pid"]): label for label, above in labels.values()}
    yield {"agent": agent, "processes": described}
    for order, record in enumerate(records, start=1):
        parent = record.ancestors[0]["name"]
        yield {"order": order, "t_s": round(record.began - records[0].began, 3), "after_step": step, "event": record.event,
               "shell": None if parent == NAMES.get(agent, agent) else parent,
               "chain": [labels[above["pid"], above["start"]][0] for above in record.ancestors if (above["pid"], above["start"]) in labels],
               "transcript_bytes": record.transcript_bytes,
               "env": {name: pids.get(value, value) if name.endswith("_PID") else value for name, value in sorted(record.env.items()) if name not in NOT_OF_THE_CLIENT}, "payload": record.payload}


def main(agent, homes, directory=None):
    out = pathlib.Path(directory or pathlib.Path(__file__).resolve().parents[1] / "captures") / agent
    out.mkdir(parents=True, exist_ok=True)
    # Of a scenario that was played more than once, the last.
    found = {path.parent.name: path for path in sorted(pathlib.Path(homes).rglob("record"), key=lambda path: path.stat().st_mtime)}
    for number, (name, path) in enumerate(sorted(found.items()), start=1):
        records = Records(path).all()
        if records:
            step = name.removeprefix(f"{agent}-")
            text = "\n".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) for line in lines(agent, records, step)) + "\n"
            text = re.sub(re.escape(str(path.parent)), "/home/dev", text)
            (out / f"{number:02}-{step}.jsonl").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
