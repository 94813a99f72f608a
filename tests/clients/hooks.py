"""Registering hooks with the clients: baton's by `baton install`, and the recorder's beside them, as anybody's hooks may be there."""
import hashlib
import json
import pathlib
import re
import shlex
import subprocess

EVENTS = {
    "claude": ("SessionStart", "UserPromptSubmit", "Stop", "StopFailure", "Notification", "PreCompact", "SessionEnd"),
    "codex": ("SessionStart", "UserPromptSubmit", "Stop", "Interrupt", "PermissionRequest", "PreCompact", "SessionEnd"),
    "gemini": ("SessionStart", "SessionEnd", "BeforeAgent", "AfterAgent", "BeforeModel", "AfterModel", "BeforeToolSelection", "BeforeTool", "AfterTool",
               "PreCompress", "Notification"),
    "copilot": ("SessionStart", "UserPromptSubmit", "UserPromptTransformed", "PreToolUse", "PermissionRequest", "PostToolUse", "PostToolUseFailure", "Stop",
                "SubagentStart", "SubagentStop", "Notification", "ErrorOccurred", "PreCompact", "SessionEnd"),
}
# Codex: effective time limits in seconds, which are part of what is trusted.
TIMEOUT = {"SessionEnd": 3, "Interrupt": 3}
OTHER_TIMEOUT = 10


def baton(words, home, variables=None):
    """A command of baton's as the user of this home gives it, with these variables besides."""
    return subprocess.run([*home.within(), home.program, *shlex.split(words)], cwd=home.work, env=home.env | (variables or {}), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def install(agent, home, *flags, variables=None):
    """What a user does once. Fails where the user would be told of anything wrong."""
    done = baton(" ".join(["install", "--yes", "--agent", agent, *flags]), home, variables)
    assert done.returncode == 0, f"baton install: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def register(agent, directory, argv):
    """Write one command as a hook of every event into the agent's configuration directory, which has no hooks yet."""
    by_agent = {"claude": register_claude, "codex": register_codex, "gemini": register_gemini, "copilot": register_copilot, "opencode": register_opencode}
    by_agent[agent](directory, argv)


def register_claude(directory, argv):
    handler = {"type": "command", "command": argv[0], "args": argv[1:]}
    settings = {"hooks": {event: [{"hooks": [handler]}] for event in EVENTS["claude"]}}
    (directory / "settings.json").write_text(json.dumps(settings, indent=1), encoding="utf-8")


def register_codex(directory, argv):
    path = directory / "hooks.json"
    hooks, trust = {}, []
    for event in EVENTS["codex"]:
        handler = {"type": "command", "command": shlex.join(argv), "timeout": TIMEOUT.get(event, OTHER_TIMEOUT)}
        hooks[event] = [{"hooks": [handler]}]
        trust.append(f'[hooks.state."{path}:{snake(event)}:0:0"]\ntrusted_hash = "{trusted_hash(event, handler)}"\n')
    path.write_text(json.dumps({"hooks": hooks}, indent=1), encoding="utf-8")
    with open(directory / "config.toml", "a", encoding="utf-8") as config:
        config.write("".join(trust))


def register_gemini(directory, argv, **more):
    path = directory / "settings.json"
    settings = json.loads(path.read_text(encoding="utf-8"))
    handler = {"name": "recorder", "type": "command", "command": shlex.join(argv), "timeout": OTHER_TIMEOUT * 1000} | more
    settings["hooks"] = {event: [{"hooks": [handler]}] for event in EVENTS["gemini"]}
    path.write_text(json.dumps(settings, indent=1), encoding="utf-8")


def register_copilot(directory, argv, events=EVENTS["copilot"], **more):
    """An event named like this brings payloads in the form of Claude, with the event's name in it; `sessionStart` brings its own form."""
    handler = {"type": "command", "exec": argv[0], "timeoutSec": OTHER_TIMEOUT} | more
    (directory / "hooks").mkdir(exist_ok=True)
    hooks = {"version": 1, "hooks": {event: [handler | {"args": [*argv[1:], event]}] for event in events}}
    (directory / "hooks/recorder.json").write_text(json.dumps(hooks, indent=1), encoding="utf-8")


def register_opencode(directory, argv):
    """A plugin file, which the client finds by its place alone."""
    plugin = pathlib.Path(__file__).with_name("opencode_plugin.js").read_text(encoding="utf-8")
    (directory / "plugins").mkdir()
    (directory / "plugins/recorder.js").write_text(plugin.replace('"RECORDER_COMMAND"', json.dumps(argv)), encoding="utf-8")


def snake(event):
    return re.sub(r"(?<!^)([A-Z])", r"_\1", event).lower()


def trusted_hash(event, handler):
    """Codex trusts a handler by the digest of its canonical JSON."""
    trusted = {"event_name": snake(event), "hooks": [handler | {"async": False}]}
    return "sha256:" + hashlib.sha256(json.dumps(trusted, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
