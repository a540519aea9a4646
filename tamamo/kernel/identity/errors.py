"""What is refused when rights, keys and units are kept."""

from tamamo.kernel.errors import Problem

_PROBLEMS = "https://tamamo.example/problems/"


class InvalidInput(Problem):
    """Something given cannot be so (422). extra: field."""

    status, type, title = 422, _PROBLEMS + "invalid-input", "Invalid input"


class NotThere(Problem):
    """There is no such grant, device or unit (404)."""

    status, type, title = 404, _PROBLEMS + "not-there", "Not there"


class Ended(Problem):
    """It was revoked or has ended, and does not come back (409)."""

    status, type, title = 409, _PROBLEMS + "ended", "Ended"
