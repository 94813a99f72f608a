"""How Gemini CLI ends. The process in the pane starts a second one, which does the work and runs the hooks."""
import signal

import processes
from scenarios.gemini_events import end, start, turn
from scenarios.register import gemini
from waiting import wait_for


def opened(client):
    window = client.open()
    window.ask("hello one")
    return window, client.inner(window.pid)


def expect_end(client, window, inner, times=3):
    window.gone()
    wait_for("the end of the inner process", lambda: not processes.is_alive(inner))
    client.records.expect(start() + turn() + end(times=times))


@gemini
def end_ctrl_d(client):
    "Ctrl-D, pressed again when asked"
    window, inner = opened(client)
    window.pane.keys("C-d")
    window.pane.wait("Press Ctrl.D again")
    window.pane.keys("C-d")
    expect_end(client, window, inner)


@gemini
def end_ctrl_c(client):
    "Ctrl-C, pressed again when asked"
    window, inner = opened(client)
    window.pane.keys("C-c")
    window.pane.wait("Press Ctrl.C again")
    window.pane.keys("C-c")
    expect_end(client, window, inner)


@gemini
def end_ctrl_c_in_turn(client):
    "Ctrl-C during an answer stops the turn; once more ends the client"
    window, inner = opened(client)
    release = window.hold("hello two")
    window.pane.keys("C-c")
    window.pane.wait("Request cancelled")
    release.set()
    window.pane.keys("C-c")
    window.gone()
    wait_for("the end of the inner process", lambda: not processes.is_alive(inner))
    assert [r.payload["prompt_response"] for r in client.records.of("AfterAgent")][1:] == ["[no response text]"], client.records.order()


@gemini
def end_sigterm(client):
    "SIGTERM to the inner process"
    window, inner = opened(client)
    processes.send(inner, signal.SIGTERM)
    expect_end(client, window, inner)


@gemini
def end_sighup(client):
    "SIGHUP to the inner process"
    window, inner = opened(client)
    processes.send(inner, signal.SIGHUP)
    expect_end(client, window, inner)


@gemini
def end_sigterm_in_turn(client):
    "SIGTERM during an answer: the ends are said, the end of the turn is not"
    window, inner = opened(client)
    release = window.hold("hello two")
    client.records.wait("AfterModel", count=3)  # the first part of the answer
    processes.send(inner, signal.SIGTERM)
    window.gone()
    release.set()
    client.records.expect(start() + turn() + turn(after="") + "A AfterModel," + end())


@gemini
def end_signals_of_the_outer(client):
    "SIGTERM, SIGHUP and SIGINT to the process in the pane do nothing"
    window, inner = opened(client)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        processes.send(window.pid, number)
    window.ask("hello two")
    assert processes.is_alive(inner) and processes.is_alive(window.pid)
    client.records.expect(start() + turn() + turn())


@gemini
def end_kill_inner(client):
    "kill -9 of the inner process says nothing, and ends the outer one"
    window, inner = opened(client)
    processes.send(inner)
    expect_end(client, window, inner, times=0)


@gemini
def end_kill_outer(client):
    "kill -9 of the process in the pane leaves the inner one alive, which finishes its turn"
    window, inner = opened(client)
    release = window.hold("hello two")
    window.kill()
    release.set()
    client.records.wait("AfterAgent", count=2)
    assert processes.is_alive(inner)
    assert client.records.all()[-1].ancestors[0]["pid"] == inner
    client.records.expect(start() + turn() + turn())


@gemini
def end_pane_closed(client):
    "the pane is closed under an idle client: one end at least is said"
    client.open()  # a second pane, so that the terminal outlives the first
    window, inner = opened(client)
    window.close()
    wait_for("the end of the inner process", lambda: not processes.is_alive(inner))
    client.records.wait("SessionEnd")
