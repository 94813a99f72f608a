"""The Gemini API, as far as Gemini CLI needs it."""
import json
import uuid

from model_server import Message

# With `?alt=sse` a stream of events; `:generateContent` and `:countTokens` are answered whole.
ENDPOINT = (":streamGenerateContent", ":generateContent", ":countTokens")
# A refused request is not tried again; an overloaded server would be, for minutes.
FAILURE = (400, {"error": {"code": 400, "message": "the model failed, as asked", "status": "INVALID_ARGUMENT"}})
# A comment in the stream is taken for a part of an event.
COMMENTS = False
SHELL = "run_shell_command"
SUBAGENT = "invoke_agent"
# A subagent that every installation has.
BUILT_IN = "codebase_investigator"
# The answer to the client's question whether the conversation is a loop. It wants JSON.
NO_LOOP = {"unproductive_state_analysis": "none", "unproductive_state_confidence": 0.0}
ROLES = {"model": "assistant"}


def messages(body):
    found = []
    for content in body.get("contents") or []:
        for part in content.get("parts") or []:
            if "functionResponse" in part:
                found.append(Message("tool", str(part["functionResponse"].get("response"))))
            elif "text" in part:
                found.append(Message(ROLES.get(content.get("role"), "user"), part["text"]))
    return found


def tools(body):
    return [tool["name"] for of_one in body.get("tools") or [] for tool in of_one.get("functionDeclarations") or []]


def has_shell(body):
    return SHELL in tools(body)


def asks_for_loops(body):
    return "unproductive_state_confidence" in json.dumps(body.get("generationConfig"))


def whole(path, body, text):
    """The answer to a request that asks for no stream; None for one that does."""
    if path.endswith(":countTokens"):
        return {"totalTokens": 100}
    if asks_for_loops(body):
        text = json.dumps(NO_LOOP)
    return None if path.endswith(":streamGenerateContent") else response(body, [{"text": text}], "STOP")


def response(body, parts, finish=None):
    candidate = {"content": {"role": "model", "parts": parts}, "index": 0} | ({"finishReason": finish} if finish else {})
    asked = 100 + sum(len(message.text) for message in messages(body)) // 4
    usage = {"promptTokenCount": asked, "candidatesTokenCount": 10, "totalTokenCount": asked + 10}
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "gemini-2.5-flash", "responseId": uuid.uuid4().hex[:22]}


def function(call):
    """The function that the answer `call` wants called."""
    if call.task:
        return {"name": SUBAGENT, "args": {"agent_name": BUILT_IN, "prompt": call.task}}
    return {"name": SHELL, "args": {"command": call.bash, "description": "as the test asked"}}


def events(body, text, call):
    """The stream that says `text` in two parts, or makes the shell call of the answer `call`."""
    if call:
        yield response(body, [{"functionCall": {"id": uuid.uuid4().hex[:12]} | function(call)}])
        yield response(body, [{"text": ""}], "STOP")
    else:
        half = len(text) // 2
        yield response(body, [{"text": text[:half]}])
        yield response(body, [{"text": text[half:]}], "STOP")
