"""opencode serve, and the windows and commands that are attached to it: the server's process calls the hooks."""
import json
import signal

from model_server import Answer
from scenarios.register import opencode

ONE_TURN = "A session.created, A chat.message, A session.idle"


@opencode
def serve_and_run(client):
    "run --attach: the server's process calls the hooks, and its end disposes"
    server, address = client.serve()
    client.once("hello one", "--attach", address)
    client.once("hello two", "--attach", address, "--continue")
    client.records.expect("A session.created, A chat.message, A session.idle, A chat.message, A session.idle")
    assert {record.payload["plugin_pid"] for record in client.records.all()} == {server.pid}
    client.stop(server, signal.SIGTERM)
    client.records.expect("A session.created, A chat.message, A session.idle, A chat.message, A session.idle")


@opencode
def serve_prompt_at_idle(client):
    "a prompt that a plugin sends at session.idle is the next turn, again and again"
    client.model.expect_prompt("hello again", Answer())
    client.records.answer("session.idle", *[json.dumps({"prompt": "hello again"})] * 12)
    server, address = client.serve()
    client.once("hello one", "--attach", address)
    client.model.wait("hello again", count=12)
    client.records.expect("A session.created" + ", A chat.message, A session.idle" * 13)


@opencode
def tui_attached(client):
    "opencode attach: the server calls the hooks; the window has none of its own"
    server, address = client.serve()
    window = client.open("attach", address)
    window.ask("hello one")
    window.exit()
    client.records.expect(ONE_TURN)
    record = client.records.of("chat.message")[0]
    assert record.payload["plugin_pid"] == server.pid and "TMUX_PANE" not in record.env, record
    client.stop(server, signal.SIGTERM)


@opencode
def tui_attached_killed(client):
    "opencode attach, killed in the middle of a turn: the server goes on with it"
    server, address = client.serve()
    window = client.open("attach", address)
    release = window.hold("hello one")
    window.kill()
    release.set()
    client.records.wait("session.idle")
    client.stop(server, signal.SIGKILL)
    client.records.expect(ONE_TURN)
