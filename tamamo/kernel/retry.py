"""How long to wait before what failed is tried again."""

import random


def pause(failures: int, *, first: float, longest: float, chance: float | None = None) -> float:
    """Return the seconds to wait after that many failures in a row, one or more.

    Doubles from `first` to `longest`; of that at least half, by chance (0 to 1; None: drawn):
    those who come back are not stormed by all at once, nor waited for too long.
    """
    full = min(longest, first * 2.0 ** min(failures - 1, 30))
    return full * (0.5 + 0.5 * (random.random() if chance is None else chance))  # noqa: S311
