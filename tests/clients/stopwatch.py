#!/usr/bin/env python3
"""Stands where baton is installed, as the clients' hook; runs it, and writes down how long that took and how it ended.

The program itself is `<this file>.itself`; the lines go to `<this file>.times`. /bin/true is timed in the same way just before: what it
takes is the machine's share, not baton's.
"""
import json
import pathlib
import subprocess
import sys
import time


def timed(command, event):
    began = time.perf_counter()
    done = subprocess.run(command, input=event, capture_output=True, check=False)
    return done, (time.perf_counter() - began) * 1000


def main():
    here = pathlib.Path(__file__).resolve()
    event = sys.stdin.buffer.read()
    _, idle = timed(["/bin/true"], event)
    done, took = timed([f"{here}.itself", *sys.argv[1:]], event)
    name = json.loads(event)["hook_event_name"]
    with open(f"{here}.times", "a", encoding="utf-8") as times:
        times.write(json.dumps({"event": name, "ms": took, "idle": idle, "code": done.returncode, "stderr": done.stderr.decode()}) + "\n")
    sys.stdout.buffer.write(done.stdout)
    sys.stderr.buffer.write(done.stderr)
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
