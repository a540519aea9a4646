"""Requests for data as the public sees them: list, thread, asking, one's own page, RSS."""
