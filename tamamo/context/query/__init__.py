"""The query languages of NGSI-LD: each is parsed to a tree that PostgreSQL or Python evaluates."""
