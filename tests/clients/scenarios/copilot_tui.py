"""Copilot in a terminal."""
