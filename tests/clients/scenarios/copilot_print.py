"""copilot -p."""
from scenarios.register import copilot


@copilot
def print_once(client):
    "one prompt, no terminal"
    client.once("hello one")
