"""Lock-out: an account, or an address, that fails too often has to wait.

The same for accounts that do not exist, so that nobody learns which do. Counted in the database,
in single statements: all processes count together, and tries at the same moment cannot slip by.
"""

import hashlib
import math
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection

from tamamo.kernel import sql

_SQL = sql.load("tamamo.accounts")

#: Failed tries within the window before a key is locked.
ACCOUNT_TRIES: Final = 5
ADDRESS_TRIES: Final = 30
WINDOW: Final = "15 minutes"
LOCK: Final = "15 minutes"
_LOCK_SECONDS: Final = 900


class Locked(Exception):
    """Signing in is not possible now, right or wrong the password."""

    def __init__(self, seconds: float) -> None:
        super().__init__("Too many failed tries")
        #: Seconds until it is again.
        self.seconds = max(1, math.ceil(seconds))

    @property
    def minutes(self) -> int:
        """Whole minutes to wait, for people."""
        return math.ceil(self.seconds / 60)


@dataclass(frozen=True, slots=True)
class Try:
    """One try to sign in that is counted already."""

    account: str
    address: str

    def went_well(self) -> None:
        """Take it back: the account begins anew, the address keeps its failures before."""
        _run("forget", keys=[self.account])
        _run("take_back", keys=[self.address])


def account_key(email: str) -> str:
    """Return the key of an account: no address in the clear."""
    digest = hashlib.sha256(email.strip().lower().encode()).hexdigest()
    return f"account:{digest[:40]}"


def begin(email: str, address: str) -> tuple[Try, list[str]]:
    """Count a try and return it, with the keys it has just locked for the tries after it.

    Raises Locked: the password is not even looked at.
    """
    attempt = Try(account_key(email), f"address:{address}")
    limits = {attempt.account: ACCOUNT_TRIES, attempt.address: ADDRESS_TRIES}
    rows = _run("count_try", keys=list(limits), window=WINDOW)
    waits = [seconds for _, _, seconds in rows if seconds]
    if waits:
        raise Locked(max(waits))
    reached = [key for key, failures, _ in rows if failures >= limits[key]]
    just_locked = [key for key in reached if _run("lock", key=key, lock=LOCK)]
    if any(failures > limits[key] for key, failures, _ in rows):
        # Came at the same moment as the try that locked it.
        raise Locked(_LOCK_SECONDS)
    return attempt, just_locked


def clear(email: str) -> None:
    """Let an account begin anew: its owner has proved to read its mail."""
    _run("forget", keys=[account_key(email)])


def tidy() -> None:
    """Remove what is over."""
    _run("tidy")


def _run(name: str, **values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(_SQL[name], values)
        return cursor.fetchall() if cursor.description else []
