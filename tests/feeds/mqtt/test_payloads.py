from typing import Any

import pytest

from tamamo.feeds.mqtt.payloads import Group, member, read
from tamamo.feeds.quality import Invalid


@pytest.mark.parametrize(
    ("payload", "groups"),
    [
        ('{"t": 21.5, "h": 60}', [{"t": 21.5, "h": 60}]),
        ('[{"t": 1}, {"t": 2}]', [{"t": 1}, {"t": 2}]),
        ('{"a": {"b": [1]}}', [{"a": {"b": [1]}}]),
    ],
)
def test_json(payload: str, groups: list[Group]) -> None:
    assert read(payload.encode(), "json") == groups


@pytest.mark.parametrize(
    ("payload", "groups"),
    [
        ("t|15", [{"t": "15"}]),
        ("t|15|k|abc", [{"t": "15", "k": "abc"}]),
        ("t|15#h|60", [{"t": "15"}, {"h": "60"}]),
        (
            "2026-06-26T08:00:00+09:00|t|15",
            [{"TimeInstant": "2026-06-26T08:00:00+09:00", "t": "15"}],
        ),
        ("1782432000|t|15", [{"TimeInstant": "1782432000", "t": "15"}]),
        (" t | 15 ", [{"t": "15"}]),
        ("t|", [{"t": ""}]),
    ],
)
def test_ultralight(payload: str, groups: list[Group]) -> None:
    assert read(payload.encode(), "ultralight") == groups


@pytest.mark.parametrize(
    ("form", "payload", "value"),
    [("json", b"12.5", 12.5), ("json", b'"off"', "off"), ("ultralight", b" 12.5 ", "12.5")],
)
def test_one_value_in_a_topic_of_its_own(form: str, payload: bytes, value: Any) -> None:
    assert read(payload, form, "level") == [{"level": value}]


@pytest.mark.parametrize(
    ("form", "payload", "code"),
    [
        ("json", b"", "empty"),
        ("json", b"  ", "empty"),
        ("json", b"{", "not_json"),
        ("json", b"\xff\xfe", "not_json"),
        ("json", b'{"l": NaN}', "not_finite"),
        ("json", b'{"l": -Infinity}', "not_finite"),
        ("json", b'{"l": 1e400}', "not_finite"),
        ("json", b'{"l": 1' + b"0" * 5000 + b"}", "not_finite"),
        ("json", b'{"l": "\\ud800"}', "not_json"),
        ("json", b"[" * 100_000, "not_json"),
        ("json", b"12", "no_object"),
        ("json", b"[]", "no_object"),
        ("json", b"[1]", "no_object"),
        ("json", b"[" + b"{}," * 1000 + b"{}]", "too_many_groups"),
        ("ultralight", b"t", "not_ultralight"),
        ("ultralight", b"t|1|h", "not_ultralight"),
        ("ultralight", b"|1", "not_ultralight"),
        ("ultralight", b"t|1#", "not_ultralight"),
        ("ultralight", b"t|\xff", "not_text"),
        ("ultralight", b"#".join([b"t|1"] * 1001), "too_many_groups"),
    ],
)
def test_what_cannot_be_read(form: str, payload: bytes, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(payload, form)
    assert refused.value.reason.code == code
    assert refused.value.reason.ja
    assert refused.value.reason.en


def test_one_value_is_no_object() -> None:
    with pytest.raises(Invalid) as refused:
        read(b"{}", "json", "level")
    assert refused.value.reason.code == "no_value"


def test_members_within_members() -> None:
    group = {"a": {"b": 1}, "c.d": 2}
    assert [member(group, path) for path in ("a.b", "c.d", "a.x", "a.b.c")] == [1, 2, None, None]
