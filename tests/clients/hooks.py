"""Registering hooks with the clients. `register` is what `baton install` does for a person; nothing else here knows the files."""
import hashlib
import json
import re
import shlex

EVENTS = {
    "claude": ("SessionStart", "UserPromptSubmit", "Stop", "StopFailure", "Notification", "PreCompact", "SessionEnd"),
    "codex": ("SessionStart", "UserPromptSubmit", "Stop", "Interrupt", "PermissionRequest", "PreCompact", "SessionEnd"),
}
# Codex: effective time limits in seconds, which are part of what is trusted.
TIMEOUT = {"SessionEnd": 3, "Interrupt": 3}
OTHER_TIMEOUT = 10


def register(agent, directory, commands):
    """Write `commands` (argument lists) as the hooks of every event into the agent's configuration directory."""
    {"claude": register_claude, "codex": register_codex}[agent](directory, commands)


def register_claude(directory, commands):
    handlers = [{"type": "command", "command": argv[0], "args": argv[1:]} for argv in commands]
    settings = {"hooks": {event: [{"hooks": handlers}] for event in EVENTS["claude"]}}
    (directory / "settings.json").write_text(json.dumps(settings, indent=1), encoding="utf-8")


def register_codex(directory, commands):
    path = directory / "hooks.json"
    hooks, trust = {}, []
    for event in EVENTS["codex"]:
        timeout = TIMEOUT.get(event, OTHER_TIMEOUT)
        handlers = [{"type": "command", "command": shlex.join(argv), "timeout": timeout} for argv in commands]
        hooks[event] = [{"hooks": handlers}]
        trust += [f'[hooks.state."{path}:{snake(event)}:0:{i}"]\ntrusted_hash = "{trusted_hash(event, h)}"\n' for i, h in enumerate(handlers)]
    path.write_text(json.dumps({"hooks": hooks}, indent=1), encoding="utf-8")
    with open(directory / "config.toml", "a", encoding="utf-8") as config:
        config.write("".join(trust))


def snake(event):
    return re.sub(r"(?<!^)([A-Z])", r"_\1", event).lower()


def trusted_hash(event, handler):
    """Codex trusts a handler by the digest of its canonical JSON."""
    trusted = {"event_name": snake(event), "hooks": [handler | {"async": False}]}
    return "sha256:" + hashlib.sha256(json.dumps(trusted, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
