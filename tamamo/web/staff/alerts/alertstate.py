"""The list of alerts in its address: search, filters, order."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from tamamo.rules import Alert

#: The order in which states need somebody.
STATES: Final = ("firing", "error", "noData", "pending", "recovering", "normal")
SEVERITIES: Final = ("critical", "high", "medium", "low", "informational")
SORTS: Final = ("severity", "since", "subject", "rule")
_LONGEST: Final = 100


@dataclass(frozen=True, slots=True)
class AlertState:
    """The parameters of the list. "" means not set.

    state: one, or "" for all but normal, or "all". ack: "no": only those nobody has taken note of.
    """

    q: str = ""
    state: str = ""
    severity: str = ""
    rule: str = ""
    ack: str = ""
    sort: str = ""
    view: str = ""

    def query(self, **changes: Any) -> str:
        """Return "?…" of this view with some members changed, or "" when nothing is set."""
        view = replace(self, **changes)
        names = ("q", "state", "severity", "rule", "ack", "sort", "view")
        pairs = [(name, getattr(view, name)) for name in names if getattr(view, name)]
        return "?" + urlencode(pairs) if pairs else ""

    @property
    def text(self) -> str:
        """The query as it is stored with a saved view."""
        return self.query(view="")

    @property
    def filtered(self) -> bool:
        """Whether the list is narrowed."""
        return bool(self.q or self.state or self.severity or self.rule or self.ack)

    def select(self, alerts: Iterable[Alert], language: str) -> list[Alert]:
        """Return the alerts this view lists, in its order."""
        chosen = [one for one in alerts if self._wants(one, language)]
        return sorted(chosen, key=_KEYS[self.sort or "severity"])

    def _wants(self, one: Alert, language: str) -> bool:
        named = f"{name_of(one, language)} {one.rule_name.get(language, '')} {one.subject}"
        open_only = not self.state and one.state == "normal"
        return (
            not open_only
            and (self.state in ("", "all") or one.state == self.state)
            and (not self.severity or one.severity == self.severity)
            and (not self.rule or one.rule == self.rule)
            and (self.ack != "no" or one.acknowledged_by is None)
            and self.q.casefold() in named.casefold()
        )


def name_of(one: Alert, language: str) -> str:
    """Return what an alert is about, in a language."""
    return one.subject_name.get(language) or one.subject_name.get("ja") or one.subject


def _order(one: Alert) -> tuple[int, int, float, str]:
    state = STATES.index(one.state) if one.state in STATES else len(STATES)
    severity = SEVERITIES.index(one.severity) if one.severity in SEVERITIES else len(SEVERITIES)
    return state, severity, -one.since.timestamp(), one.id


def _since(one: Alert) -> tuple[float, str]:
    moment: datetime = one.since
    return -moment.timestamp(), one.id


_KEYS: Final[Mapping[str, Callable[[Alert], Any]]] = {
    "severity": _order,
    "since": _since,
    "subject": lambda one: (name_of(one, "ja"), *_order(one)),
    "rule": lambda one: (one.rule, *_order(one)),
}


def parse(parameters: Mapping[str, str]) -> AlertState:
    """Read a view from an address; what cannot be is left out: an old link still works."""
    text = {name: parameters.get(name, "").strip()[:_LONGEST] for name in AlertState.__slots__}
    return AlertState(
        q=text["q"],
        state=text["state"] if text["state"] in (*STATES, "all") else "",
        severity=text["severity"] if text["severity"] in SEVERITIES else "",
        rule=text["rule"],
        ack="no" if text["ack"] == "no" else "",
        sort=text["sort"] if text["sort"] in SORTS else "",
        view=text["view"] if text["view"].isdecimal() and len(text["view"]) < 10 else "",
    )


def parse_text(query: str) -> AlertState:
    """Read a view from "?…" as it is stored with a saved view."""
    return parse(dict(parse_qsl(query.removeprefix("?"))))
