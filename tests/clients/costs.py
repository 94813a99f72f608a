"""How long the calls of baton took. What a client says of them holds its own delays too, so only what baton or the stopwatch
measured is held against the limit."""
import json
import re
import statistics

LIMIT = 50.0  # milliseconds, for the median: a busy machine makes a single call slow


def of_claude(debug_logs, program):
    """What Claude measured, by its debug logs."""
    call = re.compile(r"Hooks: \S+ \[" + re.escape(str(program)) + r" .*\] finished with status \d+ \((\d+)ms\)")
    return [float(ms) for path in debug_logs for ms in call.findall(path.read_text(encoding="utf-8", errors="replace"))]


def of_baton(state):
    """What baton wrote of its heartbeats, each without the start and the end of its process."""
    took = []
    for path in state.glob("sessions/*.log"):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            micros = json.loads(line).get("took_us") if line else None
            took += [micros / 1000] if micros is not None else []
    return took


def check(took):
    assert not took or statistics.median(took) <= LIMIT, f"the calls of baton take too long: {summary(took)}"


def summary(took):
    return f"{len(took)} calls, median {statistics.median(took):.1f} ms, at most {max(took):.1f} ms" if took else "no call"
