"""What keeps somebody from doing something with a warning. What a text lacks: content.py."""

from typing import Any, Literal

from tamamo.kernel.errors import Problem

#: changed: somebody edited it meanwhile. state: it is not (any more) where this can be done.
#: own_text: whoever wrote does not approve. open: another message of this warning is being written.
#: superseded: a newer message was published. ended: the warning is over. lapsed: whoever approved
#: it may not approve any more.
Why = Literal["changed", "state", "own_text", "open", "superseded", "ended", "lapsed"]


class NoSuchWarning(Problem):
    """There is none of that id in this town (404)."""

    status = 404
    type = "https://tamamo.example/problems/no-such-warning"
    title = "No such warning"


class WarningConflict(Problem):
    """It cannot be done as things stand now (409).

    why: a word that pages say in their own words. state: where the draft stands. by: the subject
    of whoever brought it there.
    """

    status = 409
    type = "https://tamamo.example/problems/warning-conflict"
    title = "This cannot be done now"

    def __init__(self, why: Why, detail: str, **extra: Any) -> None:
        super().__init__(detail, why=why, **extra)
        self.why = why


class InvalidDocument(Problem):
    """The CAP document is not valid by the schema: nothing is published (422)."""

    status = 422
    type = "https://tamamo.example/problems/invalid-cap"
    title = "The CAP document would not be valid"
