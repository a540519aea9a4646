from datetime import UTC, datetime, timedelta

import pytest

from tamamo.feeds.status import Failure, Status

NOW = datetime(2026, 6, 26, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def status(**members):
    base = {
        "tenant": "default", "id": "f", "name_ja": "", "name_en": "", "source": "", "licence": "",
        "interval_seconds": 600.0, "actual_seconds": None, "last_attempt_at": NOW,
        "last_success_at": NOW, "successes": 1, "consecutive_failures": 0, "stored": 1,
        "repeated": 0, "late": 0, "rejected": 0, "lag_seconds": None, "last_record": None,
        "errors": (),
    }  # fmt: skip
    return Status(**base | members)


def failing(kind, **members):
    errors = (Failure(kind, NOW, 1, "…"),)
    return status(errors=errors, consecutive_failures=1, **members)


@pytest.mark.parametrize(
    ("after", "state"), [(0, "ok"), (20, "ok"), (21, "late"), (100, "late"), (101, "silent")]
)
def test_late_and_silent_by_the_clock(after, state):
    assert status().state(NOW + after * MINUTE) == state


@pytest.mark.parametrize(
    ("kind", "after", "state"),
    [
        ("not_authorised", 0, "unauthorised"),
        ("update_failed", 0, "invalid"),
        # A source that does not answer is late first, and silent when it stays away.
        ("not_ready", 5, "ok"),
        ("not_ready", 21, "late"),
        ("not_ready", 101, "silent"),
    ],
)
def test_errors_by_kind(kind, after, state):
    assert failing(kind).state(NOW + after * MINUTE) == state


def test_never_answered_is_silent_never_run_is_never():
    assert failing("not_ready", last_success_at=None).state(NOW) == "silent"
    assert status(last_success_at=None).state(NOW) == "never"


def test_a_source_that_answers_with_old_values_is_late_then_silent():
    old = status(fresh_seconds=1800.0, newest_at=NOW - 31 * MINUTE)
    assert old.state(NOW) == "late"
    assert status(fresh_seconds=1800.0, newest_at=NOW - 151 * MINUTE).state(NOW) == "silent"
    assert status(fresh_seconds=1800.0, newest_at=NOW - 30 * MINUTE).state(NOW) == "ok"
    # No news is normal for warnings.
    assert status(fresh_seconds=None, newest_at=NOW - 9999 * MINUTE).state(NOW) == "ok"


def test_runs_without_a_usable_row_are_invalid_from_the_second_on():
    assert status(unusable=1).state(NOW) == "ok"
    assert status(unusable=2).state(NOW) == "invalid"


def test_a_refused_key_shows_though_others_are_fine_and_is_over_after_a_while():
    refused = status(unauthorised=3, last_unauthorised_at=NOW - 29 * MINUTE)
    assert refused.state(NOW) == "unauthorised"
    assert refused.state(NOW + 2 * MINUTE) == "ok"


def test_on_demand_is_never_late():
    assert status(interval_seconds=None).state(NOW + timedelta(days=99)) == "ok"
