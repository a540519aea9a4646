"""Catalogues of others, read: what they hold, and what changed since they were read last."""
