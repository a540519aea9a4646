"""What can be wrong with what staff keep and do."""

from tamamo.kernel.errors import Problem


class InvalidCalling(Problem):
    """Something that cannot be (422). extra["field"]: which part of it."""

    status = 422
    type = "https://tamamo.example/problems/invalid-calling"
    title = "Invalid"

    def __init__(self, detail: str, field: str = "") -> None:
        super().__init__(detail, field=field)


class NotThere(Problem):
    """There is no such thing in this tenant (404)."""

    status = 404
    type = "https://tamamo.example/problems/not-there"
    title = "Not there"


class Changed(Problem):
    """Somebody else has changed it since it was looked at (409)."""

    status = 409
    type = "https://tamamo.example/problems/changed"
    title = "Changed meanwhile"
