"""Notifications: from the outbox to the receiver, at least once and in order (clause 5.8.6)."""
