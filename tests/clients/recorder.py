#!/usr/bin/env python3
"""A hook that writes down what it was given, and says what it was told to say.

usage: recorder.py RECORD [EVENT]  one event on stdin; appends one JSON line to RECORD. EVENT: its name, where the payload has none

RECORD.answers, when it exists, is {"<event>": [<what the next call says>, ...]}; each call takes the first one: text for
standard output, a number to fail with, or {"out": text, "err": text, "code": number, "sleep": seconds}.
"""
import fcntl
import json
import os
import sys
import time

BEGAN = time.monotonic()
KEPT = ("TMUX", "TMUX_PANE", "PWD", "BATON_HOME", "BATON_TEST_WINDOW", "CLAUDE_PID", "CLAUDE_CODE_SESSION_ID", "CLAUDE_PROJECT_DIR",
        "CLAUDE_CODE_ENTRYPOINT", "CLAUDE_CODE_SESSION_ATTENDED", "CLAUDE_CONFIG_DIR", "CODEX_HOME", "CODEX_THREAD_ID",
        "GEMINI_SESSION_ID", "GEMINI_PROJECT_DIR", "GEMINI_CWD", "GEMINI_PLANS_DIR", "GEMINI_CLI_NO_RELAUNCH", "GEMINI_CLI",
        "COPILOT_CLI", "COPILOT_AGENT_SESSION_ID", "COPILOT_LOADER_PID", "COPILOT_HOME", "COPILOT_PROJECT_DIR", "COPILOT_CLI_BINARY_VERSION",
        "OPENCODE", "OPENCODE_PID", "AGENT")


def take_answer(path, event):
    try:
        with open(path, encoding="utf-8") as file:
            answers = json.load(file)
        answer = answers[event].pop(0)
    except (OSError, KeyError, IndexError):
        return ""
    with open(path, "w", encoding="utf-8") as file:
        json.dump(answers, file)
    return answer


def transcript_bytes(payload):
    """The size of the transcript that a payload names; -1: not there; None: it names none."""
    path = payload.get("transcript_path") or payload.get("transcriptPath")
    try:
        return path and os.stat(path).st_size
    except OSError:
        return -1


def say(answer):
    if isinstance(answer, dict):
        time.sleep(answer.get("sleep", 0))
        sys.stderr.write(answer.get("err", ""))
        sys.stdout.write(answer.get("out", ""))
        sys.exit(answer.get("code", 0))
    if isinstance(answer, int):
        sys.exit(answer)
    sys.stdout.write(answer)


def main(path, event=None):
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    import processes  # found only beside this file, wherever the client starts us

    # The chain is read before stdin: a client that is killed meanwhile must not shorten it.
    chain = processes.ancestors(os.getpid())
    text = sys.stdin.buffer.read().decode("utf-8", "replace")
    payload = json.loads(text)
    event = payload.get("hook_event_name") or event or payload["hookName"]
    own = processes.stat(os.getpid())
    line = {"pid": os.getpid(), "start": own["start"], "group": own["group"], "session": own["session"], "tty": own["tty"], "began": BEGAN, "cwd": os.getcwd(),
            "env": {name: os.environ[name] for name in KEPT if name in os.environ}, "ancestors": chain, "transcript_bytes": transcript_bytes(payload),
            "event": event, "text": text}
    with open(path, "a", encoding="utf-8") as record:
        fcntl.flock(record, fcntl.LOCK_EX)
        record.write(json.dumps(line) + "\n")
        record.flush()
        answer = take_answer(path + ".answers", event)
    say(answer)


if __name__ == "__main__":
    main(*sys.argv[1:])
