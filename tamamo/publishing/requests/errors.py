"""What keeps a request for data from being asked, answered or moderated."""

from collections.abc import Mapping

from tamamo.kernel.errors import Problem

_PROBLEMS = "https://tamamo.example/problems/"


class NoSuchRequest(Problem):
    """There is none of that number in this town, or it may not be seen (404)."""

    status, type, title = 404, _PROBLEMS + "no-such-data-request", "No such request"


class InvalidPost(Problem):
    """Some fields cannot be so (422). faults: field → a word that stays for what is wrong.

    Words: short, long, mail, dataset, unit, reason, trap, state.
    """

    status, type, title = 422, _PROBLEMS + "invalid-data-request", "Invalid request for data"

    def __init__(self, faults: Mapping[str, str]) -> None:
        detail = ", ".join(f"{name}: {word}" for name, word in faults.items())
        super().__init__(detail, faults=dict(faults))
        self.faults = dict(faults)


class TooManyPosts(Problem):
    """The town got more texts within an hour than anybody can read (429)."""

    status, type, title = 429, _PROBLEMS + "too-many-data-requests", "Too many requests for data"


class RequestChanged(Problem):
    """Somebody answered meanwhile (409)."""

    status, type, title = 409, _PROBLEMS + "data-request-changed", "The request was changed"
