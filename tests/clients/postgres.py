"""A PostgreSQL of a scenario's own, on a socket in its directory."""
import os
import pathlib
import shutil
import subprocess
import tempfile

from waiting import wait_for


def programs():
    """The directory with the programs of the newest version, or None where PostgreSQL is not installed."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]) if path.parts[-3].isdigit() else 0)
    on_path = shutil.which("postgres")
    return found[-1].parent if found else on_path and pathlib.Path(on_path).resolve().parent


def why_missing():
    """Why a server cannot be started here; None when it can."""
    return None if programs() else "PostgreSQL is not installed"


class Postgres:
    def __init__(self):
        self.programs = programs()
        # The server refuses root, and the path of a socket is short.
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="bc-pg-", dir="/tmp"))
        self.user = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.geteuid() == 0 else []
        if self.user:
            shutil.chown(self.directory, "nobody", "nogroup")
        self.environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
        self.call("initdb", "-D", "data", "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--no-locale")
        server = [str(self.programs / "postgres"), "-D", "data", "-k", str(self.directory), "-c", "listen_addresses=", "-c", "fsync=off"]
        self.server = subprocess.Popen([*self.user, *server], cwd=self.directory, env=self.environment,
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for("PostgreSQL", lambda: self.sql("select 1").returncode == 0)
        assert self.sql("create database fleet").returncode == 0

    def call(self, program, *arguments):
        done = subprocess.run([*self.user, str(self.programs / program), *arguments], cwd=self.directory, env=self.environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{program}: {done.stderr}"

    def sql(self, text, database="postgres"):
        return subprocess.run([str(self.programs / "psql"), "-XqAt", "-U", "postgres", "-h", str(self.directory), "-d", database, "-c", text],
                              env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)

    @property
    def url(self):
        return f"postgresql://postgres@{str(self.directory).replace('/', '%2F')}/fleet"

    def close(self):
        self.server.terminate()
        self.server.wait()
        shutil.rmtree(self.directory, ignore_errors=True)
