"""The scenarios, in the order in which they are run."""
from scenarios import claude_print, claude_tui, codex_exec, codex_tui, codex_daemon, harness, runs, installed, loops, cut_turns, projects, resumes, fleet, handoffs  # noqa: F401  (importing registers)
from scenarios import gemini_print, gemini_tui, gemini_ends, gemini_replies  # noqa: F401
from scenarios import copilot_print, copilot_tui, copilot_ends, copilot_resumes, copilot_replies  # noqa: F401
from scenarios import opencode_run, opencode_tui, opencode_serve, opencode_hooks  # noqa: F401
from scenarios.register import SCENARIOS  # noqa: F401
