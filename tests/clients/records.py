"""Reading what the recorder wrote."""
import dataclasses
import json
import pathlib
import string

import processes
from waiting import wait_for


@dataclasses.dataclass(frozen=True)
class Record:
    """One call of a hook. `began` is in seconds, `start` in clock ticks since boot."""
    payload: dict
    event: str
    text: str
    began: float
    start: int
    env: dict
    cwd: str
    pid: int
    ancestors: list
    transcript_bytes: int | None

    @property
    def session(self):
        """Empty where the client named none."""
        return self.payload["session_id"] if "session_id" in self.payload else self.payload["sessionId"]

    @property
    def detail(self):
        """The field that tells two events of one name apart, where the event has one."""
        for field in ("source", "reason", "trigger", "notification_type"):
            if isinstance(self.payload.get(field), str):
                return self.payload[field]
        return ""


class Records:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.path.touch()

    def all(self):
        """In the order in which the hooks were started."""
        records = []
        for line in self.path.read_text(encoding="utf-8").splitlines():
            try:
                raw = json.loads(line)
            except ValueError:
                continue  # the last line, half written
            records.append(Record(json.loads(raw["text"]), raw["event"], raw["text"], raw["began"], raw["start"], raw["env"], raw["cwd"], raw["pid"], raw["ancestors"],
                                  raw["transcript_bytes"]))
        return sorted(records, key=lambda record: (record.start, record.began))

    def of(self, event):
        return [record for record in self.all() if record.event == event]

    def sessions(self):
        """Ids in the order of their first event."""
        return list(dict.fromkeys(record.session for record in self.all() if record.session))

    def order(self):
        """One line per event: the session as a letter, the event, its detail. Idle notifications depend on the clock: left out.
        So is the loading of a plugin: opencode sometimes loads it again while it ends."""
        letters = {"": "-"} | dict(zip(self.sessions(), string.ascii_uppercase))
        lines = [f"{letters[r.session]} {r.event} {r.detail}".rstrip() for r in self.all() if r.detail != "idle_prompt" and r.event != "plugin.init"]
        return in_any_order(lines)

    def expect(self, expected):
        """Wait until exactly these events were seen (one a line, or separated by commas)."""
        wanted = in_any_order([line.strip() for line in expected.replace(",", "\n").splitlines() if line.strip()])
        wait_for("the events\n  " + "\n  ".join(wanted), lambda: self.order() == wanted, detail=lambda: "seen:\n  " + "\n  ".join(self.order()))

    def wait(self, event, detail="", count=1):
        """Wait for the count-th such event, and for the end of its hook; it is returned."""
        def found():
            return [r for r in self.of(event) if r.detail == detail or not detail][count - 1:count]
        [record] = wait_for(f"{event} {detail} x{count}", found, detail=lambda: "seen:\n  " + "\n  ".join(self.order()))
        # A client that ends meanwhile ends the hook too, and calls that a failure.
        wait_for(f"the end of the hook of {event}", lambda: not processes.is_alive(record.pid))
        return record

    def answer(self, event, *answers):
        """What the recorder says at the next calls for `event`: text for standard output, or a number to fail with."""
        path = pathlib.Path(f"{self.path}.answers")
        before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        path.write_text(json.dumps(before | {event: list(answers)}), encoding="utf-8")


def in_any_order(lines):
    """Neighbouring SessionEnds sorted: a client that quits ends all its sessions at once. The start of a session before its first prompt: Copilot calls
    both hooks at once."""
    lines, out, ends = list(lines), [], []
    for place, (first, second) in enumerate(zip(lines, lines[1:])):
        if first.endswith(" UserPromptSubmit") and second.startswith(first.split()[0] + " SessionStart"):
            lines[place:place + 2] = second, first
    for line in [*lines, ""]:
        if " SessionEnd" in line:
            ends.append(line)
        else:
            out += [*sorted(ends), line]
            ends = []
    return out[:-1]
