"""The Messages API, as far as Claude Code needs it."""
import json
import uuid

from model_server import Message

ENDPOINT = "/v1/messages"
# A refused request is not tried again; an overloaded server would be, for minutes.
FAILURE = (400, {"type": "error", "error": {"type": "invalid_request_error", "message": "the model failed, as asked"}})


def messages(body):
    found = []
    for message in body.get("messages") or []:
        content = message["content"]
        for block in [{"type": "text", "text": content}] if isinstance(content, str) else content:
            if block["type"] == "text":
                found.append(Message(message["role"], block["text"]))
            elif block["type"] == "tool_result":
                found.append(Message("tool", str(block.get("content"))))
    return found


def has_shell(body):
    return any(tool.get("name") == "Bash" for tool in body.get("tools") or [])


def events(body, text, call):
    """The stream that says `text`, or makes the shell call of the answer `call`."""
    usage = {"input_tokens": 100, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 10}
    message = {"id": f"msg_{uuid.uuid4().hex}", "type": "message", "role": "assistant", "model": body.get("model"), "content": [],
               "stop_reason": None, "stop_sequence": None, "usage": usage}
    yield {"type": "message_start", "message": message}
    if call:
        block = {"type": "tool_use", "id": f"toolu_{uuid.uuid4().hex}", "name": "Bash", "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps({"command": call.bash, "description": "as the test asked"} | ({"run_in_background": True} if call.background else {}))}
    else:
        block = {"type": "text", "text": ""}
        delta = {"type": "text_delta", "text": text}
    yield {"type": "content_block_start", "index": 0, "content_block": block}
    yield {"type": "content_block_delta", "index": 0, "delta": delta}
    yield {"type": "content_block_stop", "index": 0}
    yield {"type": "message_delta", "delta": {"stop_reason": "tool_use" if call else "end_turn", "stop_sequence": None}, "usage": usage}
    yield {"type": "message_stop"}

