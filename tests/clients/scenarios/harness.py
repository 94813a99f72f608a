"""The harness itself: what the other scenarios rely on can be seen to work, and to fail."""
import json

from scenarios.register import claude, codex


def context_reaches_the_model(client):
    "what a hook adds is found in the next request, once"
    for event in ("SessionStart", "UserPromptSubmit"):
        context = {"hookSpecificOutput": {"hookEventName": event, "additionalContext": f"said at {event}"}}
        client.records.answer(event, json.dumps(context))
    client.once("hello one")
    [request] = client.model.sent("hello one")
    for event in ("SessionStart", "UserPromptSubmit"):
        assert len(request.told(f"said at {event}")) == 1, request
    assert not request.told("said at Stop"), request


def failed_hook_is_seen(client):
    "a hook that fails is found in what the client says"
    client.hooks_fail = True
    client.records.answer("UserPromptSubmit", 1)
    window = client.open()
    window.ask("hello one")
    window.exit()


def tool_call_runs(client):
    "a command line of the model is run by the client's own tool, beneath the client"
    client.once("hello one", bash="pwd > made-by-the-model")
    assert (client.home.work / "made-by-the-model").read_text(encoding="utf-8").strip() == str(client.home.work)
    assert len(client.model.sent("hello one")) == 2, client.model.requests


for play in (context_reaches_the_model, failed_hook_is_seen, tool_call_runs):
    claude(play)
    codex(play)
