"""How a Copilot in a terminal ends."""
import signal

import processes
from scenarios.copilot_tui import LEFT, ONE_TURN
from scenarios.register import copilot


def ending(name, sentence, leave, events=LEFT):
    """A scenario: a turn, then `leave(client, window)`; the events that come of it."""
    def play(client):
        client.terminal.open(client.home.work)  # so that the terminal outlives the window
        window = client.open()
        window.ask("hello one")
        [session] = client.records.sessions()
        leave(client, window)
        window.gone()
        client.records.expect(ONE_TURN + events)
        assert client.users_of(session) == (set() if events else {window.pid})
    play.__name__, play.__doc__ = f"end_{name}", sentence
    return copilot(play)


def during_an_answer(number):
    def leave(client, window):
        window.hold("hello two")
        processes.send(window.pid, number)
    return leave


ending("ctrl_d", "Ctrl-D", lambda client, window: window.pane.keys("C-d"))
ending("ctrl_c_twice", "Ctrl-C twice", lambda client, window: client.leave_by_keys(window))
ending("pane_closed", "the pane is closed", lambda client, window: window.close())
ending("kill", "kill -9: no event; the file that says who uses the session stays", lambda client, window: window.kill(), "")
for signal_number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
    ending(signal_number.name.lower(), signal_number.name, lambda client, window, number=signal_number: processes.send(window.pid, number))
ending("sigterm_in_turn", "SIGTERM during an answer", during_an_answer(signal.SIGTERM), "A UserPromptSubmit, " + LEFT)
ending("sighup_in_turn", "SIGHUP during an answer", during_an_answer(signal.SIGHUP), "A UserPromptSubmit, " + LEFT)
