"""Requests for data at the desk: what waits, a thread, the answer, moderation."""
