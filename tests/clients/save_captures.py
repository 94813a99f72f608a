#!/usr/bin/env python3
"""Writes what kept scenarios recorded as captures; `../captures/README.md` describes the form.

usage: save_captures.py AGENT HOMES [DIRECTORY]    HOMES: what `run.py --keep` left; DIRECTORY: default ../captures
"""
import json
import pathlib
import sys

from records import Records
from scenarios import SCENARIOS

# What is there of a hook's environment in a capture besides what the client set.
NOT_OF_THE_CLIENT = ("BATON_HOME", "BATON_TEST_WINDOW", "CLAUDE_CONFIG_DIR", "CODEX_HOME")
# The names of the clients' processes in /proc, where they are not the client's.
COMM = {"gemini": "node", "copilot": "MainThread"}
# opencode: large, and not about a session: prompts and tools of the client's own.
EVENTS_LEFT_OUT = ("tool.definition", "experimental.chat.system.transform", "experimental.chat.messages.transform", "plugin.added")
# Longer than any test needs.
SCENARIOS_LEFT_OUT = ("gemini-reply-loop-limit", "gemini-tui-compress-automatic")


def label_of(pids, name, value):
    """A pid as its label."""
    return pids.get(str(value), value) if name.endswith(("_PID", "plugin_pid")) else value


def lines(agent, records, step):
    """The lines of one capture. Processes have labels."""
    comm = COMM.get(agent, agent)
    labels, processes = {}, {}
    servers = {record.payload["plugin_pid"] for record in records if "serve" in record.payload.get("argv", ())}
    for above in (above for record in records for above in record.ancestors if above["name"] == comm):
        identity = above["pid"], above["start"]
        if identity not in labels:
            labels[identity] = f"P{len(labels) + 1}"
            processes[labels[identity]] = {"comm": comm, "daemon": above["pid"] in servers, "tty": above["tty"] != 0}
    pids = {str(pid): label for (pid, _), label in labels.items()}
    yield {"agent": agent, "processes": processes}
    for order, record in enumerate(records, start=1):
        parent = record.ancestors[0]["name"] if record.ancestors else comm  # none: the hook outlived its parent
        env = {name: label_of(pids, name, value) for name, value in sorted(record.env.items()) if name not in NOT_OF_THE_CLIENT}
        yield {"order": order, "t_s": round(record.began - records[0].began, 3), "after_step": step, "event": record.event,
               "shell": parent if parent != comm else None,
               "chain": [labels[above["pid"], above["start"]] for above in record.ancestors if above["name"] == comm],
               "transcript_bytes": record.transcript_bytes, "env": env,
               "payload": {name: label_of(pids, name, value) for name, value in record.payload.items()}}


def main(agent, homes, directory=None):
    out = pathlib.Path(directory or pathlib.Path(__file__).resolve().parents[1] / "captures") / agent
    out.mkdir(parents=True, exist_ok=True)
    # Of a scenario that was played more than once, the last.
    found = {path.parent.name: path for path in sorted(pathlib.Path(homes).rglob("record"), key=lambda path: path.stat().st_mtime)}
    for scenario in SCENARIOS:
        if scenario.client.agent != agent or scenario.name not in found or scenario.name in SCENARIOS_LEFT_OUT:
            continue
        path = found[scenario.name]
        records = [record for record in Records(path).all() if record.event not in EVENTS_LEFT_OUT]
        if records:
            text = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines(agent, records, scenario.play.__doc__))
            name = scenario.name.removeprefix(f"{agent}-")
            (out / f"{name}.jsonl").write_text(text.replace(str(path.parent.resolve()), "/home/dev"), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
