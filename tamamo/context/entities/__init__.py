"""Entities (clauses 5.6, 5.7.1, 5.7.2): current state, and the one write path of the broker."""
