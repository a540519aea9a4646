"""Snapshots (clauses 4.3.7, 5.5.15, 5.16): results of queries, kept to be queried and changed."""
