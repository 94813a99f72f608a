"""Namespaces of our own: a network that has nothing but loopback, so that no client can reach anything but our model servers, and an
account database of ours, since the account's home is where a user's word is kept and no variable can move it. A scenario of several
machines gives each of them mounts and processes of its own, too."""
import fcntl
import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import uuid

import processes

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


# Becomes the first process of a machine: puts its files over the system's, and waits for its end.
BOOT = """mount --bind "$1/machine-id" /etc/machine-id && mount --bind "$1/boot-id" /proc/sys/kernel/random/boot_id &&
          mount --bind "$1/passwd" /etc/passwd && echo started && read -r over"""


class Machine:
    """Namespaces with a machine id, a boot id, an account database and processes of their own. The account's home is `home`."""

    def __init__(self, home):
        self.files = pathlib.Path(tempfile.mkdtemp(prefix="bc-machine-", dir="/tmp"))
        account = f"me:x:{os.geteuid()}:{os.getegid()}::{home}:/bin/bash\n"
        for name, text in {"machine-id": f"{uuid.uuid4().hex}\n", "boot-id": f"{uuid.uuid4()}\n", "passwd": account}.items():
            (self.files / name).write_text(text, encoding="utf-8")
        unshare = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", BOOT, "init", str(self.files)]
        self.unshare = subprocess.Popen(unshare, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.unshare.stdout.readline() == "started\n", "no namespaces for a machine"
        [self.init] = processes.children(self.unshare.pid)
        # `env` starts the program in the directory of the caller, which is lost at the entry.
        self.enter = ["nsenter", "--target", str(self.init), "--mount", "--pid"]

    def within(self, cwd):
        """The words that run a program on this machine, in this directory."""
        return [*self.enter, "env", "-C", str(cwd)]

    def pid_here(self, pid):
        """Our pid of the process that has this pid on the machine."""
        namespace = os.readlink(f"/proc/{self.init}/ns/pid")
        return next(here for here in processes.all_pids() if processes.namespace(here) == namespace and processes.pid_there(here) == pid)

    def close(self):
        """Kill every process of the machine."""
        processes.send(self.init)
        self.unshare.wait()
        for file in self.files.iterdir():
            file.unlink()
        self.files.rmdir()
