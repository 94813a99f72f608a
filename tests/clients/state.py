"""What baton itself says: the only place that knows the form of its JSON output."""
import json
import subprocess

import processes
from waiting import wait_for


def unended(row):
    """The processes of a session's launches that no event has ended."""
    return {launch["process"]["pid"] for launch in row["launches"] if not launch["ended_at"]}


class State:
    """Without a program (only the recorder is hooked) there is nothing to look at: every expectation returns at once."""

    def __init__(self, baton, home):
        self.baton, self.home = baton, home

    def rows(self, noun):
        done = subprocess.run([*self.home.within(), self.baton, noun, "list", *([] if noun == "project" else ["--all"]), "--json"], env=self.home.env, cwd=self.home.work, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"baton {noun} list --json: exit {done.returncode}: {done.stderr}"
        rows = json.loads(done.stdout)
        return rows if isinstance(rows, list) else rows[f"{noun}s"]

    def session(self, session):
        return next((row for row in self.rows("session") if row["id"] == session), None)

    def run(self, name):
        return next((row for row in self.rows("run") if row["name"] == name), None)

    def expect_shown(self, session, *pids):
        """Wait until the session is known to be shown by exactly these living processes; by none: it is over, or was killed."""
        if self.baton:
            wait_for(f"session {session} shown by {pids}", lambda: self.shown_by(session) == set(pids), detail=lambda: self.dump("session"))

    def shown_by(self, session):
        row = self.session(session)
        return row and {pid for pid in unended(row) if processes.is_alive(pid)}

    def expect_over(self, *sessions):
        """Wait until each session was ended by the events of its processes."""
        for session in sessions:
            if self.baton:
                wait_for(f"the end of session {session}", lambda: self.is_over(session), detail=lambda: self.dump("session"))

    def is_over(self, session):
        row = self.session(session)
        return row and not unended(row)

    def expect_unheard(self, session):
        """An end that was never preceded by a start registers nothing."""
        assert not self.baton or self.session(session) is None, self.dump("session")

    def expect_owner(self, name, session, pid, fence, status="active"):
        """Wait until the run has this owner and fence."""
        def is_so():
            row = self.run(name)
            return row and (row["owner"]["session"], row["owner"]["process"]["pid"], row["fence"], row["status"]) == (session, pid, fence, status)
        if self.baton:
            wait_for(f"run {name} of {session} in process {pid} with number {fence}, {status}", is_so, detail=lambda: self.dump("run"))

    def expect_unknown_pane(self, session):
        """Where a daemon runs the hooks, nothing says in which pane the session is."""
        if self.baton:
            panes = [launch["pane"] for launch in self.session(session)["launches"]]
            assert all(pane in (None, {"mux": "unknown"}) for pane in panes), panes

    def dump(self, noun):
        return json.dumps(self.rows(noun), indent=1)
