"""One error shape: problem+json (RFC 9457), and one sentence for people at the terminal."""

from typing import Any

PROBLEM_JSON = "application/problem+json"


class Problem(Exception):
    """An error a client can act on.

    status: HTTP status. type: URI naming the kind of error. title: short and constant for the
    type. detail: what is wrong with this request and what to do. extra: further members, such as
    `field` (a JSON pointer or a parameter's name).
    """

    status = 500
    type = "about:blank"
    title = "Internal error"

    def __init__(self, detail: str = "", **extra: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.extra = extra
        self.headers: dict[str, str] = {}

    def body(self) -> dict[str, Any]:
        """Return the problem+json members."""
        members = {"type": self.type, "title": self.title, "status": self.status, **self.extra}
        if self.detail:
            members["detail"] = self.detail
        return members


class PayloadTooLarge(Problem):
    """The body is larger than the installation allows (413)."""

    status = 413
    type = "https://tamamo.example/problems/payload-too-large"
    title = "Request body too large"


class RequestTimeout(Problem):
    """The body did not arrive in time (408)."""

    status = 408
    type = "https://tamamo.example/problems/request-timeout"
    title = "Request body too slow"


class Unauthorized(Problem):
    """No key, or not the right one (401)."""

    status = 401
    type = "https://tamamo.example/problems/unauthorized"
    title = "A key is needed"


class Forbidden(Problem):
    """Whoever asks is known, and may not do this (403)."""

    status = 403
    type = "https://tamamo.example/problems/forbidden"
    title = "Not allowed"


class Unavailable(Problem):
    """The database cannot be reached now; the client may try again (503)."""

    status = 503
    type = "https://tamamo.example/problems/unavailable"
    title = "Service unavailable"


class SetupError(Exception):
    """Something on this machine prevents the work; the message is one clear sentence."""
