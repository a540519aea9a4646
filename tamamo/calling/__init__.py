"""Calling people until somebody answers (docs/subsystems/calling.md)."""
