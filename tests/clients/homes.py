"""A fresh home for a client: its configuration, two projects, dummy keys. Nothing of the user's own is read."""
import json
import os
import pathlib
import shutil
import subprocess

import isolation
import packages

KEY = "sk-ant-dummy-" + "0" * 28

CODEX_CONFIG = """\
model = "gpt-5.5"
model_provider = "test"
check_for_update_on_startup = false
approval_policy = "on-request"
sandbox_mode = "danger-full-access"
[analytics]
enabled = false
[feedback]
enabled = false
[tui]
screen_reader_detection_done = true
[notice]
hide_full_access_warning = true
hide_gpt5_1_migration_prompt = true
[notice.model_migrations]
"gpt-5.5" = "gpt-6-sol"
[model_providers.test]
name = "test"
base_url = "http://127.0.0.1:{port}/v1"
env_key = "TEST_API_KEY"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
[projects."{work}"]
trust_level = "trusted"
[projects."{other}"]
trust_level = "trusted"
"""

GEMINI_SETTINGS = {
    "security": {"auth": {"selectedType": "gemini-api-key"}, "folderTrust": {"enabled": True}},
    "privacy": {"usageStatisticsEnabled": False},
    "telemetry": {"enabled": False},
    "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False},
    "model": {"name": "gemini-2.5-flash"},
    # Without it the user's consent to share is asked before the first prompt.
    "ide": {"hasSeenNudge": True},
    "ui": {"hideTips": True, "hideBanner": True},
}

COPILOT_SETTINGS = {"banner": "never", "autoUpdate": False, "mouse": False}

# A provider of ours is bundled with the client, so that no package is fetched.
OPENCODE_CONFIG = {
    "$schema": "https://opencode.ai/config.json", "model": "test/m1", "autoupdate": False, "share": "disabled",
    "provider": {"test": {"npm": "@ai-sdk/openai-compatible", "name": "Test", "models": {
        "m1": {"name": "Model One", "limit": {"context": 100_000, "output": 4_000}}}}},
}
# With these the client takes the package of its plugin types for installed. Else it asks the registry first, for a minute.
OPENCODE_LOCK = {"packages": {"": {"dependencies": {"@opencode-ai/plugin": "*"}}}}

DIRECTORIES = {"claude": ".claude", "codex": ".codex", "gemini": ".gemini", "copilot": ".copilot", "opencode": ".config/opencode"}


class Home:
    def __init__(self, path, port, baton, clients):
        self.path = pathlib.Path(path)
        self.work, self.other = self.path / "work", self.path / "other"
        self.directories = {agent: self.path / directory for agent, directory in DIRECTORIES.items()}
        self.claude, self.codex, self.gemini, self.copilot, self.opencode = self.directories.values()
        self.state, self.bin = self.path / "state", self.path / "bin"
        # Where tmux itself puts the sockets of this account: baton opens windows on no other server.
        self.tmux = self.path / f"tmux-{os.geteuid()}"
        for directory in (self.work, self.other, *self.directories.values(), self.bin, self.path / "tmp", self.tmux):
            directory.mkdir(parents=True)
        self.tmux.chmod(0o700)
        for name, program in clients.items():
            (self.bin / name).symlink_to(program)
        # Where `baton install` itself would copy a program that does not stay: copying a hundred megabytes takes seconds.
        self.program, self.itself = self.path / ".local/share/baton/bin/baton", baton
        if baton:
            self.program.parent.mkdir(parents=True)
            for source in (baton, baton.with_name("baton-fleet")):
                if source.exists():
                    link_or_copy(source, self.program.with_name(source.name))
            (self.bin / "baton").symlink_to(self.program)
        # Codex runs the model's commands in a login shell, which sets PATH anew.
        (self.path / ".profile").write_text(f"PATH={self.bin}:$PATH\n", encoding="utf-8")
        self.env = {
            "PATH": f"{self.bin}:/usr/local/bin:/usr/bin:/bin", "HOME": str(self.path), "TMPDIR": str(self.path / "tmp"), "TMUX_TMPDIR": str(self.path),
            "TERM": "xterm-256color", "LANG": "C.UTF-8", "SHELL": "/bin/bash", "BATON_HOME": str(self.state),
            "CLAUDE_CONFIG_DIR": str(self.claude), "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{port}", "ANTHROPIC_API_KEY": KEY,
            "DISABLE_TELEMETRY": "1", "DISABLE_ERROR_REPORTING": "1", "DISABLE_AUTOUPDATER": "1",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "CODEX_HOME": str(self.codex), "TEST_API_KEY": "dummy",
            "GEMINI_API_KEY": "dummy", "GOOGLE_GEMINI_BASE_URL": f"http://127.0.0.1:{port}",
            "COPILOT_HOME": str(self.copilot), "COPILOT_PROVIDER_BASE_URL": f"http://127.0.0.1:{port}/v1", "COPILOT_PROVIDER_API_KEY": "dummy",
            "COPILOT_MODEL": "gpt-5.4", "COPILOT_OFFLINE": "true", "COPILOT_AUTO_UPDATE": "false",
            # The program unpacks itself there, two hundred megabytes.
            "COPILOT_PKG_CACHE_HOME": str(packages.cache() / "copilot-unpacked"),
            "OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_MODELS_FETCH": "1", "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
        }
        for project in (self.work, self.other):
            subprocess.run(["git", "init", "-q", str(project)], env=self.env, check=True)
        self.machine = None  # a machine of its own, if the scenario gives it one
        self.port = port
        self.write_configuration(**self.directories)
        isolation.live_in(self.path)

    def within(self, cwd=None):
        """The words that run a program on the machine of this home, in this directory or its project."""
        return self.machine.within(cwd or self.work) if self.machine else []

    def put_stopwatch(self):
        """From now on every call of baton is timed from outside."""
        self.program.rename(f"{self.program}.itself")
        shutil.copy(pathlib.Path(__file__).resolve().parent / "stopwatch.py", self.program)

    def timed(self):
        """What the stopwatch wrote: event, ms, code, stderr."""
        path = pathlib.Path(f"{self.program}.times")
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []

    def directory(self, agent):
        return self.directories[agent]

    def add_profile(self, agent):
        """Another configuration directory of this agent."""
        directory = self.path / f"second-{agent}"
        directory.mkdir()
        self.write_configuration(**{agent: directory})
        return directory

    def write_configuration(self, claude=None, codex=None, gemini=None, copilot=None, opencode=None):
        trusted = {"hasTrustDialogAccepted": True, "hasCompletedProjectOnboarding": True, "allowedTools": []}
        known = {"hasCompletedOnboarding": True, "theme": "dark", "numStartups": 5, "autoUpdates": False,
                 "customApiKeyResponses": {"approved": [KEY[-20:]], "rejected": []},
                 "projects": {str(project): trusted for project in (self.work, self.other)}}
        config = CODEX_CONFIG.format(port=self.port, work=self.work, other=self.other)
        if claude:
            (claude / ".claude.json").write_text(json.dumps(known), encoding="utf-8")
        if codex:
            (codex / "config.toml").write_text(config, encoding="utf-8")
        if gemini:
            (gemini / "settings.json").write_text(json.dumps(GEMINI_SETTINGS, indent=1), encoding="utf-8")
            trust = {str(project): "TRUST_FOLDER" for project in (self.work, self.other)}
            (gemini / "trustedFolders.json").write_text(json.dumps(trust), encoding="utf-8")
        if copilot:
            (copilot / "settings.json").write_text(json.dumps(COPILOT_SETTINGS), encoding="utf-8")
            (copilot / "config.json").write_text(json.dumps({"trustedFolders": [str(self.work), str(self.other)]}), encoding="utf-8")
        if opencode:
            provider = OPENCODE_CONFIG["provider"]["test"] | {"options": {"baseURL": f"http://127.0.0.1:{self.port}/v1", "apiKey": "dummy"}}
            (opencode / "opencode.json").write_text(json.dumps(OPENCODE_CONFIG | {"provider": {"test": provider}}), encoding="utf-8")
            (opencode / "node_modules").mkdir()
            (opencode / "package-lock.json").write_text(json.dumps(OPENCODE_LOCK), encoding="utf-8")


def link_or_copy(source, target):
    try:
        os.link(source, target)
    except OSError:  # on another file system
        shutil.copy(source, target)
