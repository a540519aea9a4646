"""Subscriptions: what somebody wants to be told of (clauses 5.2.12 to 5.2.15, 5.8)."""
