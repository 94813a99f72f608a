"""The Chat Completions API, as far as Copilot and opencode need it."""
import json
import uuid

from model_server import Message

ENDPOINT = "/v1/chat/completions"
# A refused request is not tried again; a failing server would be, with growing pauses.
FAILURE = (400, {"error": {"type": "invalid_request_error", "message": "the model failed, as asked"}})
# An answer with these words says that it used up nearly the whole context.
FULL = "the context is full"
FEW, MANY = 100, 9_000_000


def messages(body):
    found = []
    for message in body.get("messages") or []:
        content = message.get("content") or []
        parts = [content] if isinstance(content, str) else [part.get("text", "") for part in content]
        found += [Message(message["role"], part) for part in parts]
    return found


def has_shell(body):
    return any(tool["function"]["name"] == "bash" for tool in body.get("tools") or [])


def subagent(body, prompt):
    """The arguments of a call of the tool `task`: opencode's, or Copilot's."""
    own = {"subagent_type": "general"} if '"subagent_type"' in json.dumps(body["tools"]) else {"agent_type": "task", "name": "asked"}
    return own | {"prompt": prompt}


def shell(call):
    return {"command": call.bash} | ({"mode": "async"} if call.background else {})


def events(body, text, call):
    """The stream that says `text`, or makes the call of the shell or of a subagent that the answer `call` asks for."""
    head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "object": "chat.completion.chunk", "created": 0, "model": body.get("model")}

    def chunk(delta, finish=None, **more):
        return head | {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]} | more

    yield chunk({"role": "assistant", "content": ""})
    if call:
        name, arguments = ("bash", shell(call)) if call.bash else ("task", subagent(body, call.task))
        function = {"name": name, "arguments": json.dumps(arguments | {"description": "as the test asked"})}
        yield chunk({"tool_calls": [{"index": 0, "id": f"call_{uuid.uuid4().hex}", "type": "function", "function": function}]})
    else:
        yield chunk({"content": text})
    prompt = MANY if FULL in text else FEW
    yield chunk({}, "tool_calls" if call else "stop", usage={"prompt_tokens": prompt, "completion_tokens": 10, "total_tokens": prompt + 10})
