"""The Responses API, as far as Codex needs it."""
import json
import uuid

from model_server import Message

ENDPOINT = "/v1/responses"
FAILURE = (500, {"error": {"type": "server_error", "message": "the model failed, as asked"}})


def messages(body):
    found = []
    for item in body.get("input") or []:
        if item.get("type", "message") == "message":
            content = item.get("content") or []
            parts = [content] if isinstance(content, str) else [part.get("text", "") for part in content]
            found += [Message(item["role"], part) for part in parts]
        elif item["type"].endswith("_call_output"):
            found.append(Message("tool", json.dumps(item.get("output"))))
    return found


def has_shell(body):
    return shell(body) is not None


def shell(body):
    """The name of the shell tool, and of its argument; it differs by model and platform."""
    known = {"exec_command": "cmd", "shell_command": "command"}
    for tool in body.get("tools") or []:
        if tool.get("name") in known:
            return tool["name"], known[tool["name"]]
    return None


def events(body, text, call):
    """The stream that says `text`, or makes the shell call of the answer `call`."""
    response = f"resp_{uuid.uuid4().hex}"
    yield {"type": "response.created", "response": {"id": response}}
    if call:
        name, argument = shell(body)
        more = {"sandbox_permissions": "require_escalated", "justification": "as the test asked"} if call.escalate else {}
        item = {"type": "function_call", "id": f"fc_{uuid.uuid4().hex}", "call_id": f"call_{uuid.uuid4().hex}", "name": name,
                "arguments": json.dumps({argument: call.bash} | more)}
    else:
        item = {"type": "message", "role": "assistant", "id": f"msg_{uuid.uuid4().hex}", "content": [{"type": "output_text", "text": text}]}
        yield {"type": "response.output_item.added", "item": item | {"content": []}}
        yield {"type": "response.output_text.delta", "item_id": item["id"], "delta": text}
    yield {"type": "response.output_item.done", "item": item}
    yield {"type": "response.completed", "response": {"id": response, "usage": {
        "input_tokens": 100, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 10,
        "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 110}}}
