"""A model server on loopback. A test says how each prompt is to be answered, and reads what the model was sent."""
import dataclasses
import http.server
import json
import sys
import threading
import time

from waiting import wait_for



@dataclasses.dataclass
class Answer:
    """How a prompt is answered. `since`: from which of its requests on a failure or a hold begins (a blocked Stop asks again)."""
    bash: str | None = None  # one call of the shell comes first
    task: str | None = None  # Gemini, Copilot, opencode: one call of a subagent, with this prompt, comes first
    background: bool = False  # Claude, Copilot: that call runs in the background, and is made once only, however often the prompt comes
    escalate: bool = False  # Codex: that call asks to run outside the sandbox
    say: str | None = None  # the words, instead of numbered ones
    last: tuple[int, str] | None = None  # from this request on these words
    fail: bool = False  # as a service that fails
    hold: threading.Event | None = None  # not before this is set
    since: int = 1

    def words(self, prompt, number):
        if self.last and number >= self.last[0]:
            return self.last[1]
        return self.say or f"answer {number} to {prompt}"

    def last_words(self, prompt):
        """What a client shows when the prompt is answered whole."""
        return self.words(prompt, 2 if self.bash or self.task else 1)


@dataclasses.dataclass(frozen=True)
class Message:
    """One message of a request. `role`: user, assistant, system, developer, or tool (the result of a call)."""
    role: str
    text: str


@dataclasses.dataclass(frozen=True)
class Request:
    prompt: str
    messages: list
    began: float

    def told(self, words):
        """The messages that hold `words` and are neither the model's own nor a tool's."""
        return [m for m in self.messages if words in m.text and m.role not in ("assistant", "tool")]


class ModelServer:
    """`wire` is the module that knows the client's API: claude_wire, codex_wire and the like."""

    def __init__(self, wire):
        self.wire = wire
        self.latency = 0.3  # seconds before the first byte; no real model is faster
        self.answers = {}
        self.requests = []
        self.others = []  # what was asked without the shell tool
        self.lock = threading.Lock()
        self.http = Server(("127.0.0.1", 0), Handler)
        self.http.model = self
        self.port = self.http.server_port
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def close(self):
        for answer in self.answers.values():
            if answer.hold:
                answer.hold.set()
        self.http.shutdown()
        self.http.server_close()

    def expect_prompt(self, prompt, answer):
        self.answers[prompt] = answer
        return answer

    def take(self, body):
        """Log the request; the answer, the words to say, and the answer whose shell call is to be made first (None: say the words)."""
        if not self.wire.has_shell(body):
            self.others.append(body)
            return Answer(), "understood", None  # a client's own business: a title, a summary
        messages = self.wire.messages(body)
        prompt, later = self.latest_prompt(messages)
        answer = self.answers.get(prompt, Answer())
        with self.lock:
            self.requests.append(Request(prompt, messages, time.monotonic()))
            number = sum(request.prompt == prompt for request in self.requests)
        called = any(message.role == "tool" for message in later)
        call = answer if (answer.bash or answer.task) and not called and (number == 1 or not answer.background) else None
        if number < answer.since:
            answer = dataclasses.replace(answer, fail=False, hold=None)
        return answer, answer.words(prompt, number), call

    def latest_prompt(self, messages):
        """The known prompt that stands last, and the messages after it. Assistants quote prompts, so theirs do not count."""
        for index in range(len(messages) - 1, -1, -1):
            if messages[index].role == "user":
                for prompt in self.answers:
                    if prompt in messages[index].text:
                        return prompt, messages[index + 1:]
        return "", []

    def sent(self, prompt):
        """The requests made for this prompt so far."""
        with self.lock:
            return [request for request in self.requests if request.prompt == prompt]

    def wait(self, prompt, count=1):
        return wait_for(f"request {count} for {prompt!r}", lambda: self.sent(prompt)[count - 1:])[0]


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        # A client that is killed drops its connections: that is what the tests are about.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.reply(200, {})

    def do_GET(self):
        models = self.path.split("?")[0].endswith("/models")
        self.reply(200 if models else 404, {"data": [], "models": []} if models else {"error": {"message": "not here"}})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}")
        model = self.server.model
        if not self.path.split("?")[0].endswith(model.wire.ENDPOINT):
            return self.reply(404, {"error": {"message": "not here"}})
        answer, text, call = model.take(body)
        time.sleep(model.latency)
        if answer.fail:
            return self.reply(*model.wire.FAILURE)
        whole = getattr(model.wire, "whole", lambda *_: None)(self.path.split("?")[0], body, text)
        if whole is not None:
            return self.reply(200, whole)
        try:
            self.stream(model.wire.events(body, text, call), answer.hold)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the client was interrupted, or killed: what the test wanted
        return None

    def reply(self, status, value):
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def stream(self, events, hold):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        first, *rest = events
        self.send_event(first)
        while hold and not hold.wait(0.25):
            if getattr(self.server.model.wire, "COMMENTS", True):
                self.chunk(b": waiting\n\n")
        for event in rest:
            self.send_event(event)
        self.wfile.write(b"0\r\n\r\n")

    def send_event(self, event):
        name = f"event: {event['type']}\n" if "type" in event else ""
        self.chunk(f"{name}data: {json.dumps(event)}\n\n".encode())

    def chunk(self, content):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(content), content))
        self.wfile.flush()
