"""Subscriptions that go on to other sources (clauses 5.8.1.4, 5.8.6); see docs/subsystems."""
