"""opencode run, without a terminal."""
from scenarios.register import opencode

TURN = "- plugin.init, A chat.message, A session.idle, - dispose\n"


@opencode
def run_once(client):
    "one prompt, no terminal"
    client.once("hello one")
    client.records.expect("- plugin.init, A session.created, A chat.message, A session.idle, - dispose")
