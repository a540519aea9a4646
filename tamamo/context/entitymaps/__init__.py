"""Entity maps (clauses 4.5.25, 5.5.9.3, 5.5.14, 5.14): the set of entities of a query, kept."""
