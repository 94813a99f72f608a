"""Namespaces of our own: a network that has nothing but loopback, so that no client can reach anything but our model servers, and an
account database of ours, since the account's home is where a user's word is kept and no variable can move it."""
import fcntl
import os
import socket
import struct
import subprocess
import sys
import tempfile

SIOCSIFFLAGS = 0x8914
IFF_UP_RUNNING = 0x1 | 0x40


# The namespace that we came from. Its number proves that we are in another one, which a flag would only claim.
OUTSIDE = "BATON_CLIENTS_OUTSIDE"

ACCOUNTS = "/etc/passwd"

# The file that lies over ACCOUNTS; None outside of our namespaces.
accounts = None


def namespace():
    return str(os.stat("/proc/self/ns/net").st_ino)


def is_isolated():
    return os.environ.get(OUTSIDE, namespace()) != namespace()


def enter():
    """Start this program again inside such namespaces. Returns inside them; None, or the reason why it cannot be had."""
    if is_isolated():
        with socket.socket() as any_socket:
            fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", IFF_UP_RUNNING))
        return cover_accounts()
    unshare = ["unshare", "--net", "--mount"]
    if os.geteuid() != 0:
        unshare += ["--user", "--map-root-user"]
    try:
        tried = subprocess.run([*unshare, "true"], capture_output=True, text=True, check=False)
    except OSError as error:
        return f"unshare cannot be started: {error}"
    if tried.returncode:
        return f"no namespaces of our own: {tried.stderr.strip()}"
    sys.stdout.flush()
    os.environ[OUTSIDE] = namespace()
    os.execvp(unshare[0], [*unshare, sys.executable, *sys.argv])


def cover_accounts():
    """Put a file of ours over the account database. None, or the reason why that cannot be had."""
    global accounts
    accounts = tempfile.NamedTemporaryFile("w+", encoding="utf-8")
    done = subprocess.run(["mount", "--bind", accounts.name, ACCOUNTS], capture_output=True, text=True, check=False)
    if done.returncode:
        accounts = None
        return f"no account database of our own: {done.stderr.strip()}"
    os.chmod(accounts.name, 0o644)
    live_in("/nonexistent")
    return None


def live_in(home):
    """From now on this is the home of the account, whatever HOME says."""
    if accounts:
        accounts.seek(0)
        accounts.truncate()
        accounts.write(f"me:x:{os.geteuid()}:{os.getegid()}::{home}:/bin/bash\n")
        accounts.flush()
