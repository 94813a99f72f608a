"""The scenarios, in the order in which they are run."""
from scenarios import claude_print, claude_tui, codex_exec, codex_tui, codex_daemon, harness, runs, installed, loops, cut_turns, projects, resumes, fleet, handoffs, copilot_print, copilot_tui, copilot_ends, copilot_resumes, copilot_replies  # noqa: F401  (importing registers)
from scenarios.register import SCENARIOS  # noqa: F401
