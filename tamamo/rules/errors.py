"""What is refused of rules and alerts, in words for people in both languages."""

from collections.abc import Sequence
from dataclasses import dataclass

from tamamo.kernel.errors import Problem


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one member of a rule.

    field: where it stands, such as `condition.all[1].threshold.clear_by`; "" for the whole rule.
    """

    field: str
    ja: str
    en: str

    def line(self) -> str:
        """Return it as one line of the terminal."""
        return f"{self.field or '(rule)'}: {self.en} / {self.ja}"


class RuleInvalid(Problem):
    """A rule cannot be so (422). faults: every member at fault."""

    status = 422
    type = "https://tamamo.example/problems/invalid-rule"
    title = "Invalid rule"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            " ".join(fault.line() for fault in faults),
            errors=[{"field": one.field, "ja": one.ja, "en": one.en} for one in faults],
        )
        self.faults = tuple(faults)


class RuleChanged(Problem):
    """Somebody saved another version of the rule meanwhile (409)."""

    status = 409
    type = "https://tamamo.example/problems/rule-changed"
    title = "The rule was changed meanwhile"


class NoSuchRule(Problem):
    """There is no rule of that id in the town (404)."""

    status = 404
    type = "https://tamamo.example/problems/no-such-rule"
    title = "No such rule"


class NoSuchAlert(Problem):
    """There is no alert, or silence, of that id in the town (404)."""

    status = 404
    type = "https://tamamo.example/problems/no-such-alert"
    title = "No such alert"


class AlertNotOpen(Problem):
    """The alert is over, or never began: there is nothing to acknowledge (409)."""

    status = 409
    type = "https://tamamo.example/problems/alert-not-open"
    title = "The alert is not open"
