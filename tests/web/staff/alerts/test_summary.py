"""The line of the home page: how many fire, how grave, who has taken note."""

from types import SimpleNamespace
from typing import Any, cast

from django.utils.translation import override

from tamamo.rules import Alert
from tamamo.web.staff.alerts.summary import summed


def _alert(severity: str, by: str | None = None) -> Alert:
    told: Any = SimpleNamespace(severity=severity, acknowledged_by=by)
    return cast(Alert, told)


def test_the_gravest_is_named_and_those_nobody_has_seen_are_counted() -> None:
    found = [_alert("low"), _alert("critical", "user:1"), _alert("medium")]
    with override("en"):
        line = summed(found, "/alerts/")
        assert (line.text, line.worst, line.unseen) == ("3 alerts are firing", "Critical", 2)
        assert summed(found[:1], "/alerts/").text == "1 alert is firing"


def test_where_nothing_fires_nothing_is_grave() -> None:
    line = summed([], "/alerts/")
    assert (line.count, line.unseen, line.worst) == (0, 0, "")
