#!/usr/bin/env python3
"""Write kept recordings of scenarios as captures, in the form that ../captures/README.md describes.

usage: captures.py AGENT HOMES OUT    HOMES is what `run.py --keep` left: one directory per scenario
"""
import json
import pathlib
import sys

from records import Records
from scenarios import SCENARIOS

NOT_OF_THE_CLIENT = ("BATON_HOME", "BATON_TEST_WINDOW", "CLAUDE_CONFIG_DIR", "CODEX_HOME")
# Large, and not about a session: prompts and tools of the client's own.
LEFT_OUT = ("tool.definition", "experimental.chat.system.transform", "experimental.chat.messages.transform", "plugin.added")


def is_server(record):
    return "serve" in record.payload.get("argv", ())


def capture(agent, step, records):
    """The lines of one capture. Processes have labels."""
    labels, processes = {}, {}
    records = [record for record in records if record.event not in LEFT_OUT]
    servers = {record.payload["plugin_pid"] for record in records if is_server(record)}
    for above in (above for record in records for above in record.ancestors if above["name"] == agent):
        identity = above["pid"], above["start"]
        if identity not in labels:
            labels[identity] = f"P{len(labels) + 1}"
            processes[labels[identity]] = {"comm": agent, "daemon": above["pid"] in servers, "tty": bool(above.get("tty"))}
    pids = {pid: label for (pid, _), label in labels.items()}
    lines = [{"agent": agent, "processes": processes}]
    for order, record in enumerate(records, start=1):
        env = {name: pids.get(int(value), value) if name == "OPENCODE_PID" else value
               for name, value in sorted(record.env.items()) if name not in NOT_OF_THE_CLIENT}
        payload = {name: pids.get(value, value) if name == "plugin_pid" else value for name, value in record.payload.items()}
        parent = record.ancestors[0]["name"]
        lines.append({"order": order, "t_s": round(record.began - records[0].began, 3), "after_step": step, "event": record.event,
                      "shell": parent if parent != agent else None,
                      "chain": [labels[above["pid"], above["start"]] for above in record.ancestors if above["name"] == agent],
                      "transcript_bytes": record.transcript_bytes, "env": env, "payload": payload})
    return "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines)


def main(agent, homes, out):
    out = pathlib.Path(out) / agent
    out.mkdir(parents=True, exist_ok=True)
    played = [scenario for scenario in SCENARIOS if scenario.client.agent == agent]
    for scenario in played:
        home = pathlib.Path(homes) / scenario.name
        if (home / "record").exists():
            text = capture(agent, scenario.play.__doc__, Records(home / "record").all())
            name = scenario.name.removeprefix(f"{agent}-")
            (out / f"{name}.jsonl").write_text(text.replace(str(home.resolve()), "/home/dev"), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
