"""What is refused about drills."""

from collections.abc import Sequence
from dataclasses import dataclass

from tamamo.kernel.errors import Problem

_PROBLEMS = "https://tamamo.example/problems/"


class NoSuchDrill(Problem):
    """There is no drill of this name that is this town's (404)."""

    status, type, title = 404, _PROBLEMS + "no-such-drill", "No such drill"


class DrillRefused(Problem):
    """The state of the drill does not allow this (409). extra: state."""

    status, type, title = 409, _PROBLEMS + "drill-refused", "Drill refused"


class NotInADrill(Problem):
    """A drill reaches nobody outside its list (403)."""

    status, type, title = 403, _PROBLEMS + "not-in-a-drill", "Not in a drill"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one field. code: a word that stays; detail: a sentence in English."""

    field: str
    code: str
    detail: str


class InvalidDrill(Problem):
    """Some fields of a drill cannot be so (422). extra["errors"]: [{"field", "code", "detail"}]."""

    status, type, title = 422, _PROBLEMS + "invalid-drill", "Invalid drill"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            " ".join(fault.detail for fault in faults),
            errors=[
                {"field": fault.field, "code": fault.code, "detail": fault.detail}
                for fault in faults
            ],
        )
        self.faults = tuple(faults)
