"""One module a format: each yields what it could read and what it had to refuse."""
