"""A private tmux server, and its panes."""
import re
import subprocess
import time

from waiting import wait_for

# Both clients take characters that come at once for a paste, in which Enter is a line break.
BETWEEN_TEXT_AND_ENTER = 0.5
SHELL_PROMPT = r"[$#]\s*$"


class Terminal:
    def __init__(self, socket, home):
        self.socket, self.home = socket, home
        self.windows = 0
        self.size = (140, 50)

    def run(self, *arguments):
        command = [*self.home.within(), "tmux", "-S", str(self.socket), "-f", "/dev/null", *arguments]
        return subprocess.run(command, env=self.home.env, capture_output=True, text=True, check=False)

    def open(self, cwd):
        """A pane with a shell in it."""
        self.windows += 1
        name = f"window-{self.windows}"
        # Without the user's start-up files: they could change anything.
        done = self.run("new-session", "-d", "-s", name, "-x", str(self.size[0]), "-y", str(self.size[1]), "-c", str(cwd),
                        "-e", f"BATON_TEST_WINDOW={name}", "bash --norc --noprofile")
        assert done.returncode == 0, done.stderr
        pane, pid = self.run("display-message", "-p", "-t", name, "#{pane_id} #{pane_pid}").stdout.split()
        pane = Pane(self, pane, self.home.machine.pid_here(int(pid)) if self.home.machine else int(pid))
        pane.wait(SHELL_PROMPT)
        return pane

    def close(self):
        self.run("kill-server")


class Pane:
    def __init__(self, terminal, pane, shell):
        self.terminal = terminal
        self.id = pane
        self.shell = shell
        self.screens = []

    def screen(self):
        """What is shown now. Kept, so that what was shown in between can be searched at the end."""
        # Joined, since a narrow pane breaks long lines anywhere.
        text = self.terminal.run("capture-pane", "-p", "-J", "-S", "-500", "-t", self.id).stdout
        if text and text not in self.screens[-1:]:
            self.screens.append(text)
        return text

    def shows(self, pattern):
        return re.search(pattern, self.screen(), re.MULTILINE)

    def wait(self, pattern, **more):
        return wait_for(f"/{pattern}/ in pane {self.id}", lambda: self.shows(pattern), detail=self.last_lines, **more)

    def last_lines(self):
        return "\n".join(f"  | {line}" for line in self.screen().splitlines() if line.strip())[-3000:]

    def keys(self, *names):
        self.terminal.run("send-keys", "-t", self.id, *names)

    def type(self, text):
        self.terminal.run("send-keys", "-t", self.id, "-l", text)

    def enter(self, text):
        self.type(text)
        time.sleep(BETWEEN_TEXT_AND_ENTER)
        self.keys("Enter")

    def close(self):
        self.screen()
        self.terminal.run("kill-pane", "-t", self.id)
