#!/usr/bin/env python3
"""Reduces full recordings of hook calls to what the tests need. README.md describes both forms.

usage: reduce.py RECORDINGS [OUT]    RECORDINGS holds claude/*.jsonl and codex/*.jsonl
"""
import json
import pathlib
import sys

KEPT_ENV = {
    "CLAUDECODE", "CLAUDE_CODE_CHILD_SESSION", "CLAUDE_CODE_ENTRYPOINT", "CLAUDE_CODE_SESSION_ATTENDED",
    "CLAUDE_CODE_SESSION_ID", "CLAUDE_CONFIG_DIR", "CLAUDE_PID", "CLAUDE_PLUGIN_DATA", "CLAUDE_PLUGIN_ROOT",
    "CLAUDE_PROJECT_DIR", "CODEX_HOME", "CODEX_MANAGED_BY_NPM", "PLUGIN_DATA", "PLUGIN_ROOT", "PWD", "TMUX", "TMUX_PANE",
}
AGENTS = ("agent", "agent-daemon")


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def reduce(agent, calls):
    labels, processes = {}, {}

    def label(ancestor):
        identity = (ancestor["pid"], ancestor["start_ticks"])
        if identity not in labels:
            labels[identity] = f"P{len(labels) + 1}"
            processes[labels[identity]] = {
                "comm": ancestor["comm"],
                "daemon": ancestor["role"] == "agent-daemon",
                "tty": ancestor["tty"],
            }
        return labels[identity]

    lines = []
    for call in calls:
        ancestors = call["ancestors"]
        shell = ancestors[0]["comm"] if ancestors[0]["role"] == "shell" else None
        chain = [label(a) for a in ancestors if a["role"] in AGENTS]
        pids = {str(pid): name for (pid, _), name in labels.items()}
        env = {key: value for key, value in sorted(call["env"].items()) if key in KEPT_ENV}
        if "CLAUDE_PID" in env:
            env["CLAUDE_PID"] = pids[env["CLAUDE_PID"]]
        lines.append(compact({
            "order": call["order"],
            "t_s": call["t_s"],
            "after_step": call["after_step"],
            "event": call["event"],
            "shell": shell,
            "chain": chain,
            "transcript_bytes": call["transcript_bytes"],
            "env": env,
            "payload": call["payload"],
        }))
    return [compact({"agent": agent, "processes": processes})] + lines


def main():
    recordings = pathlib.Path(sys.argv[1])
    out = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else pathlib.Path(__file__).parent)
    for agent in ("claude", "codex"):
        (out / agent).mkdir(parents=True, exist_ok=True)
        for path in sorted((recordings / agent).glob("*.jsonl")):
            with path.open(encoding="utf-8") as text:
                calls = [json.loads(line) for line in text]
            reduced = reduce(agent, calls)
            (out / agent / path.name).write_text("\n".join(reduced) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
