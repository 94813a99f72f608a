"""The clients, from the npm registry, in pinned versions, kept in a cache directory."""
import os
import pathlib
import shutil
import subprocess
import tempfile

import isolation

PACKAGES = {
    "claude": ("@anthropic-ai/claude-code", "2.1.332", "node_modules/@anthropic-ai/claude-code-linux-*/claude"),
    "codex": ("@openai/codex", "0.171.0", "node_modules/@openai/codex-linux-*/vendor/*/bin/codex"),
    "gemini": ("@google/gemini-cli", "0.61.0", "node_modules/@google/gemini-cli/bundle/gemini.js"),
    "copilot": ("@github/copilot", "1.0.102", "node_modules/@github/copilot-linux-*/copilot"),
    # Two builds are installed, with and without AVX2; the first in the order of names is the one with.
    "opencode": ("opencode-ai", "1.18.33", "node_modules/opencode-linux-*/bin/opencode"),
}

# The clients that are scripts, and the Node.js that they need.
NODE = {"gemini": 20}


class Unavailable(Exception):
    """The package cannot be had here; the message says why."""


def version(agent):
    """The version to run: BATON_CLAUDE_VERSION and the like, or the pinned one."""
    return os.environ.get(f"BATON_{agent.upper()}_VERSION") or PACKAGES[agent][1]


def is_pinned(agent):
    return version(agent) == PACKAGES[agent][1]


def choose_newest():
    """From now on the newest published version of each client; the pinned one where the registry cannot be asked."""
    for agent, (name, _, _) in PACKAGES.items():
        variable = f"BATON_{agent.upper()}_VERSION"
        if variable not in os.environ and not isolation.is_isolated():
            os.environ[variable] = newest(name)


def newest(name):
    """The newest published version of a package; empty where the registry does not say."""
    try:
        asked = subprocess.run(["npm", "view", name, "version"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return asked.stdout.strip() if asked.returncode == 0 else ""


def cache():
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(os.environ.get("BATON_CLIENTS_CACHE") or pathlib.Path(base) / "baton-clients")


def find(agent):
    """The client's program when it is in the cache, else None."""
    found = sorted((cache() / f"{agent}-{version(agent)}").glob(PACKAGES[agent][2]))
    return found[0] if found else None


def program(agent):
    """The client's program, installed when it is not in the cache yet. Raises Unavailable."""
    return find(agent) or install(agent)


def install(agent):
    name = f"{PACKAGES[agent][0]}@{version(agent)}"
    cache().mkdir(parents=True, exist_ok=True)
    # Renamed into place when whole, so that an interrupted install is never taken for a client.
    fresh = pathlib.Path(tempfile.mkdtemp(prefix="install-", dir=cache()))
    try:
        command = ["npm", "install", "--prefix", str(fresh), "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", name]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        if done.returncode:
            raise Unavailable(f"{name}: npm install failed: {done.stderr.strip()[-400:]}")
        target = cache() / f"{agent}-{version(agent)}"
        if not target.exists():
            fresh.rename(target)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{name}: {error}") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    found = find(agent)
    if not found:
        raise Unavailable(f"{name}: the package has no program for this machine")
    return found


def node_version():
    """The major version of Node.js."""
    return int(subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.removeprefix("v").split(".")[0])


def why_missing(agent):
    """Why the client cannot be run here; None when it can. Installs it, or, where there is no network, says how that went."""
    outcome = f"BATON_CLIENTS_NO_{agent.upper()}"
    if not isolation.is_isolated():
        os.environ[outcome] = try_to_install(agent)
    return os.environ.get(outcome) or None


def try_to_install(agent):
    """Empty when the client is there, else the reason."""
    absent = [name for name in ("tmux", "git", "npm") if not shutil.which(name)]
    if absent:
        return "not installed: " + ", ".join(absent)
    if agent in NODE and node_version() < NODE[agent]:
        return f"Node.js {node_version()} is too old: {NODE[agent]} is needed"
    try:
        program(agent)
    except Unavailable as why:
        return str(why)
    return ""
