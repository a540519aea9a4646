"""Who is called, as the wall shows it: each person once."""

from datetime import UTC, datetime, timedelta

from tamamo.calling import Reached
from tamamo.web.wall.people import newest_each

_AT = datetime(2026, 9, 12, 18, tzinfo=UTC)


def _called(contact: str, again: int, minutes: int) -> Reached:
    at = _AT + timedelta(minutes=minutes)
    return Reached(contact, f"Person {contact}", "", 0, again, at, None, None, ())


def test_whoever_is_called_again_stands_there_once_with_the_newest_round() -> None:
    people = [_called("a", 0, 0), _called("b", 0, 1), _called("a", 1, 2), _called("b", 1, 3)]
    found = newest_each(people)
    assert [(one.contact, one.round) for one in found] == [("a", 1), ("b", 1)]
