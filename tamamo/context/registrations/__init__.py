"""Context source registrations (clauses 5.9, 5.10): kept and found; see docs/subsystems."""
