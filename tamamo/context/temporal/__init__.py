"""The evolution of entities over time (clauses 4.5.6 to 4.5.9, 4.5.19, 5.6.11-16, 5.7.3-4)."""
