"""What can be wrong with a request to the OGC API: problem details (RFC 9457) that name it."""

from typing import Final

from tamamo.kernel.errors import Problem

_KIND: Final = "https://tamamo.example/problems/"


class BadParameter(Problem):
    """A parameter that there is not, or with a value that cannot be used (400)."""

    status, type, title = 400, f"{_KIND}bad-parameter", "Parameter cannot be used"


class NothingHere(Problem):
    """No such collection, feature, tile or resource, or not one to be seen (404)."""

    status, type, title = 404, f"{_KIND}not-found", "Not found"


class NotOffered(Problem):
    """None of the media types asked for can be given (406)."""

    status, type, title = 406, f"{_KIND}not-acceptable", "Not acceptable"


class OnlyReading(Problem):
    """Any method but GET and HEAD (405)."""

    status, type, title = 405, f"{_KIND}method-not-allowed", "Method not allowed"
