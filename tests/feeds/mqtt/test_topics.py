import pytest

from tamamo.feeds.mqtt.topics import Pattern, blanked, covers, fewest


@pytest.mark.parametrize(
    ("pattern", "topic", "names"),
    [
        ("/json/{key}/{device}/attrs", "/json/k1/d1/attrs", {"key": "k1", "device": "d1"}),
        ("/json/{key}/{device}/attrs", "/json/k1/d1/attrs/x", None),
        ("/json/{key}/{device}/attrs", "/json//d1/attrs", None),
        ("/json/{key}/{device}/attrs", "json/k1/d1/attrs", None),
        ("town/{device}/#", "town/d1", {"device": "d1"}),
        ("town/{device}/#", "town/d1/a/b", {"device": "d1"}),
        ("town/{device}/#", "town", None),
        ("+/{device}", "anything/d1", {"device": "d1"}),
        ("水位/{device}", "水位/七号", {"device": "七号"}),
    ],
)
def test_levels_have_names(pattern: str, topic: str, names: dict[str, str] | None) -> None:
    assert Pattern(pattern).match(topic) == names


def test_names_are_wildcards_for_the_broker() -> None:
    assert Pattern("/json/{key}/{device}/attrs").filter == "/json/+/+/attrs"
    assert Pattern("{device}/#").filter == "+/#"


def test_what_is_shown_has_no_key() -> None:
    pattern = Pattern("/ul/{key}/{device}/attrs/{attribute}")
    names = pattern.match("/ul/tmk_secret/d1/attrs/level")
    assert names is not None
    assert pattern.shown(names) == "/ul/{key}/d1/attrs/{attribute}"
    assert blanked("other/tmk_secret/d1") == "other/{key}/d1"


@pytest.mark.parametrize(
    "text", ["", "a/#/b", "a/{b", "a{b}/c", "{a}/{a}", "a/b+", "a\0b", "x" * 1001]
)
def test_what_is_no_topic(text: str) -> None:
    with pytest.raises(ValueError, match=r"topic|level|twice"):
        Pattern(text)


@pytest.mark.parametrize(
    ("wide", "narrow", "so"),
    [
        ("#", "a/b", True),
        ("a/#", "a", True),
        ("a/+", "a/b", True),
        ("a/+", "a/#", False),
        ("a/b", "a/+", False),
        ("a/+/c", "a/+/c", True),
        ("a", "a/b", False),
    ],
)
def test_a_filter_covers_another(wide: str, narrow: str, so: bool) -> None:
    assert covers(wide, narrow) is so


def test_no_topic_is_asked_for_twice() -> None:
    assert fewest(["/json/+/+/attrs", "/json/#", "ul/+", "ul/+"]) == ["/json/#", "ul/+"]
