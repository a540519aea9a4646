"""Numbers and counts of the staff pages in words."""


def number(value: int) -> str:
    """Return a whole number as people read it: 100,000."""
    return f"{value:,}"
