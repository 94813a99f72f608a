"""A network namespace that has nothing but loopback, so that no client can reach anything but our model servers."""
import fcntl
import os
import socket
import struct
import subprocess
import sys

SIOCSIFFLAGS = 0x8914
IFF_UP_RUNNING = 0x1 | 0x40


# The namespace that we came from. Its number proves that we are in another one, which a flag would only claim.
OUTSIDE = "BATON_CLIENTS_OUTSIDE"


def namespace():
    return str(os.stat("/proc/self/ns/net").st_ino)


def is_isolated():
    return os.environ.get(OUTSIDE, namespace()) != namespace()


def enter():
    """Start this program again inside such a namespace. Returns inside it; None, or the reason why it cannot be had."""
    if is_isolated():
        with socket.socket() as any_socket:
            fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", IFF_UP_RUNNING))
        return None
    unshare = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--net"]
    try:
        tried = subprocess.run([*unshare, "true"], capture_output=True, text=True, check=False)
    except OSError as error:
        return f"unshare cannot be started: {error}"
    if tried.returncode:
        return f"no network namespace of our own: {tried.stderr.strip()}"
    sys.stdout.flush()
    os.environ[OUTSIDE] = namespace()
    os.execvp(unshare[0], [*unshare, sys.executable, *sys.argv])
