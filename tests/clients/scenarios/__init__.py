"""The scenarios, in the order in which they are run."""
from scenarios import claude_print, claude_tui, codex_exec, codex_tui, codex_daemon, opencode_run, opencode_tui, opencode_serve, opencode_hooks, harness, runs, installed, loops, cut_turns, projects, resumes, fleet, handoffs  # noqa: F401  (importing registers)
from scenarios.register import SCENARIOS  # noqa: F401
