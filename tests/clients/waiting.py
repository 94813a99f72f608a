"""Waiting for a condition: the only way a scenario learns that something has happened."""
import time

PATIENCE = 60.0  # seconds; generous, since a busy machine is no failure


def wait_for(what, condition, seconds=PATIENCE, detail=lambda: ""):
    """The first true value of `condition()`; an AssertionError that names `what` when the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:.0f} s in vain for {what}\n{detail()}".rstrip())
        time.sleep(0.1)
