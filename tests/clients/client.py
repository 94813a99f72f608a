"""One client in one fresh home: what a scenario drives. The clients differ only in what their own files (claude.py, codex.py ...) hold."""
import dataclasses
import re
import shlex
import subprocess
import threading

import costs
import hooks
import processes
from homes import Home
from model_server import Answer, ModelServer
from records import Records
from state import State
from terminal import Terminal
from waiting import wait_for

# A Stop that baton answered with a prompt is a blocking error in Claude's words.
HOOK_FAILED = re.compile(r"hook (?:command )?(?:error|failed|exited|timed out|cancelled)|hook_(?!blocking_)\w*(?:error|cancelled)|hook: \w+ Failed|hook returned invalid"
                         r"|Hook \S+ \(.*\) error|(?:finished|completed) with status [1-9]"
                         r"|Hook\(s\) \[.*\] failed for event", re.I)


@dataclasses.dataclass(frozen=True)
class Finished:
    code: int
    out: str
    err: str


class Client:
    agent = wire = ready = leave = None  # of the subclass
    has_adapter = True  # whether baton knows the client; one that it does not know is played with the recorder alone
    turn_end = "Stop"  # the event at the end of a turn
    flags = ()
    install_flags = ()
    hooks_fail = False  # set by a scenario whose hooks are meant to

    def __init__(self, program, directory, baton, recorder):
        self.program = program
        self.model = ModelServer(self.wire)
        self.home = Home(directory, self.model.port, baton, {self.agent: program})
        self.records = Records(self.home.path / "record")
        self.state = State(baton and self.home.program, self.home)
        self.terminal = Terminal(self.home.tmux / "default", self.home)
        self.windows, self.finished = [], []
        # The recorder is a foreign hook that is there already: install leaves it, and puts its own behind it.
        self.recorder = [*recorder, str(self.records.path)]
        hooks.register(self.agent, self.home.directory(self.agent), self.recorder)
        if baton and self.has_adapter:
            hooks.install(self.agent, self.home, *self.install_flags)

    def run(self, *arguments, cwd=None):
        """The client without a terminal, to its end."""
        cwd = cwd or self.home.work
        done = subprocess.run([*self.home.within(cwd), self.program, *arguments], cwd=cwd, env=self.home.env, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=120, check=False)
        self.finished.append(Finished(done.returncode, done.stdout, done.stderr))
        return self.finished[-1]

    def once(self, prompt, *arguments, cwd=None, **answer):
        """One prompt without a terminal; the model's answer must come out."""
        answer = self.model.expect_prompt(prompt, Answer(**answer))
        done = self.run(*self.headless(prompt, arguments), cwd=cwd)
        assert done.code == 0 and answer.last_words(prompt) in done.out, f"exit {done.code}\n{done.out}\n{done.err}"
        return done

    def headless(self, prompt, arguments):
        raise NotImplementedError

    def is_program(self, pid):
        """Whether this process is the client."""
        return processes.program(pid) == str(self.program)

    def debugging(self):
        """The arguments that make the client write a debug log."""
        return ()

    def add_profile(self):
        """Another configuration directory, with the same hooks; the variables that choose it."""
        directory = self.home.add_profile(self.agent)
        variables = {self.home_variable: str(directory)}
        hooks.register(self.agent, directory, self.recorder)
        hooks.install(self.agent, self.home, *self.install_flags, variables=variables)
        return variables

    def open(self, *arguments, cwd=None, flags=None, variables=None):
        """The client in a pane of its own, ready for a prompt."""
        window = Window(self, self.terminal.open(cwd or self.home.work))
        self.windows.append(window)
        words = [str(self.program), *(self.flags if flags is None else flags), *self.debugging(), *arguments]
        set_first = ["env", *(f"{name}={value}" for name, value in variables.items())] if variables else []
        window.pane.enter(shlex.join([*set_first, *words]))
        window.started()
        return window

    def baton(self, words):
        """A command of baton's, as a user gives it in a shell of this project."""
        return hooks.baton(words, self.home)

    def types(self, words):
        """A command line, as a user types it in a terminal of their own; its pane."""
        pane = self.terminal.open(self.home.work)
        pane.enter(words)
        return pane

    def said(self):
        """Everything that was on a screen or printed."""
        return [screen for window in self.windows for screen in window.pane.screens] + [text for done in self.finished for text in (done.out, done.err)]

    def transcripts(self):
        """The files of conversations. Claude notes each prompt in history.jsonl too, before it is in a transcript."""
        return [path for path in self.home.directory(self.agent).rglob("*.jsonl") if path.name != "history.jsonl"]

    def debug_logs(self):
        return list(self.home.path.glob("debug-*.log"))

    def call_times(self):
        """How long the calls of baton took, in milliseconds, by who measured."""
        return {"the client": costs.of_claude(self.debug_logs(), self.home.program), "baton": costs.of_baton(self.home.state),
                "the stopwatch": [max(call["ms"] - call["idle"], 0.0) for call in self.home.timed()]}

    def reported_failures(self):
        """Whatever the client said about a failed hook, on screens, in output, in its own transcripts and debug logs."""
        files = [*self.transcripts(), *self.debug_logs(), *self.home.directory(self.agent).rglob("*.log")]
        texts = self.said() + [path.read_text(encoding="utf-8", errors="replace") for path in files]
        return [line.strip()[:300] for text in texts for line in text.splitlines() if HOOK_FAILED.search(line)]

    def close(self):
        """End everything that was started in this home."""
        self.terminal.close()
        self.model.close()
        if self.home.machine:
            self.home.machine.close()
            self.home.machine = None
        def left():
            return [pid for pid in processes.with_variable("HOME", self.home.path) if processes.is_alive(pid)]
        for pid in left():
            processes.send(pid)
        wait_for("the end of the processes of this scenario", lambda: not left())


class Window:
    def __init__(self, client, pane):
        self.client, self.pane = client, pane
        self.pid = None

    def started(self):
        self.pid = wait_for("the client's process", self.agent_process, detail=self.pane.last_lines)
        self.pane.wait(self.client.ready)

    def agent_process(self):
        return next((pid for pid in processes.children(self.pane.shell) if self.client.is_program(pid)), None)

    def ask(self, prompt, **answer):
        """Type a prompt and wait for the whole answer, and the event at its end."""
        ends = len(self.client.records.of(self.client.turn_end))
        self.pane.wait(re.escape(self.begin(prompt, **answer).last_words(prompt)))
        self.client.records.wait(self.client.turn_end, count=ends + 1)

    def begin(self, prompt, **answer):
        """Type a prompt, and wait until the model was asked."""
        answer = self.client.model.expect_prompt(prompt, Answer(**answer))
        self.pane.enter(prompt)
        self.client.model.wait(prompt)
        return answer

    def hold(self, prompt, **answer):
        """As `begin`, with an answer that does not end; set the returned event to let it go."""
        release = threading.Event()
        self.begin(prompt, hold=release, **answer)
        return release

    def command(self, text):
        self.pane.enter(text)

    def kill(self):
        """kill -9 of the client's process."""
        self.pane.screen()
        processes.send(self.pid)
        self.gone()

    def exit(self):
        self.command(self.client.leave)
        self.gone()

    def close(self):
        self.pane.close()
        self.gone()

    def gone(self):
        wait_for(f"the end of process {self.pid}", lambda: not processes.is_alive(self.pid), detail=self.pane.last_lines)
