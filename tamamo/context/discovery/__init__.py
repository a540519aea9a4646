"""What there is: entity types and attributes (clauses 5.7.5 to 5.7.11), this broker's identity."""
