"""What /proc says about processes."""
import os
import signal


def stat(pid):
    """Name, state, parent, process group, session, terminal (0: none), threads, start (clock ticks since boot); None when the process is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            text = file.read()
    except OSError:
        return None
    name = text[text.index("(") + 1:text.rindex(")")]
    fields = text[text.rindex(")") + 2:].split()
    return {"pid": int(pid), "name": name, "state": fields[0], "parent": int(fields[1]), "group": int(fields[2]),
            "session": int(fields[3]), "tty": int(fields[4]), "threads": int(fields[17]), "start": int(fields[19])}


def is_alive(pid):
    """As baton sees it: a process whose main thread has ended while others run looks like a zombie but is alive."""
    seen = stat(pid)
    return seen is not None and seen["state"] not in "Xx" and (seen["state"] != "Z" or seen["threads"] > 1)


def ancestors(pid):
    """From the parent of `pid` upwards, at most 12."""
    seen = stat(pid)
    chain = []
    while seen and seen["parent"] > 1 and len(chain) < 12:
        seen = stat(seen["parent"])
        if seen:
            chain.append(seen)
    return chain


def all_pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def children(pid):
    return [child for child in all_pids() if (stat(child) or {}).get("parent") == pid]


def program(pid):
    """The path of the program file; empty when it cannot be read."""
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return ""


def namespace(pid):
    """The pid namespace of a process; empty when it cannot be read."""
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")
    except OSError:
        return ""


def pid_there(pid):
    """The pid that a process has in its own namespace; None when it is gone."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
            return next(int(line.split()[-1]) for line in file if line.startswith("NSpid:"))
    except OSError:
        return None


def with_variable(name, value):
    """The processes started with NAME=VALUE in their environment."""
    wanted = f"{name}={value}".encode()
    found = []
    for pid in all_pids():
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                if wanted in file.read().split(b"\0"):
                    found.append(pid)
        except OSError:
            pass  # gone, or not ours to read
    return found


def send(pid, number=signal.SIGKILL):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def arguments(pid):
    """The command line as a list; empty when it cannot be read."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().decode("utf-8", "replace").split("\0")[:-1]
    except OSError:
        return []
