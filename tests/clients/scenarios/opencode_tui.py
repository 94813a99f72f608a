"""opencode's terminal interface."""
from scenarios.register import opencode


@opencode
def tui_prompt_and_exit(client):
    "start, two prompts, /exit"
    window = client.open()
    window.ask("hello one")
    window.ask("hello two")
    window.exit()
    client.records.expect("- plugin.init, A session.created, A chat.message, A session.idle, A chat.message, A session.idle, - dispose")
