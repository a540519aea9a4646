"""Subscriptions that compare a number are found by it: none is left out that the change meets."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamamo.context.jsonld import TermMap
from tamamo.context.model.entity import DEFAULT_VOCABULARY, Entity
from tamamo.context.subscriptions.audience import Audience
from tamamo.context.subscriptions.compiled import Subscription, compile_subscription

_TERMS = TermMap({}, {}, DEFAULT_VOCABULARY)
_LEVEL = DEFAULT_VOCABULARY + "level"


def _subscription(number: int, q: str | None) -> Subscription:
    document: dict[str, Any] = {
        "entities": [{"type": DEFAULT_VOCABULARY + "Gauge"}],
        "notification": {"endpoint": {"uri": "http://receiver.example"}},
    }
    if q is not None:
        document["q"] = q
    return compile_subscription("default", f"urn:s:{number}", document, _TERMS, _TERMS)


def _gauge(*values: Any) -> Entity:
    instances = [
        {"type": "Property", "value": value, "datasetId": f"urn:d:{number}"}
        for number, value in enumerate(values)
    ]
    attrs = {_LEVEL: instances} if instances else {}
    return Entity("urn:g", [DEFAULT_VOCABULARY + "Gauge"], attrs)


_numbers = st.one_of(st.integers(-5, 5), st.floats(-5, 5).map(lambda number: round(number, 1)))
_compared = st.builds(
    "level{}{}".format, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), _numbers
)
_asked = st.one_of(
    st.none(),
    _compared,
    st.builds("{};level".format, _compared),
    st.builds("{}|{}".format, _compared, _compared),
    st.just('level=="dry"'),
    st.just("!level"),
)
_values = st.one_of(_numbers, st.sampled_from(["dry", True, None, [1, 2], {"a": 1}]))


@settings(max_examples=150, deadline=None)
@given(asked=st.lists(_asked, max_size=12), values=st.lists(_values, max_size=3))
def test_nobody_is_left_out(asked: list[str | None], values: list[Any]) -> None:
    subscriptions = [_subscription(number, q) for number, q in enumerate(asked)]
    entity = _gauge(*values)
    left = Audience(subscriptions).left_by(entity)
    met = {one.id for one in subscriptions if one.selects(entity)}
    assert met == {one.id for one in left if one.selects(entity)}
    assert len({one.id for one in left}) == len(left)


@pytest.mark.parametrize(("value", "left"), [(0.5, 0), (3, 3), (100, 50)])
def test_a_number_leaves_only_those_it_meets(value: float, left: int) -> None:
    audience = Audience(_subscription(number, f"level>{number}.5") for number in range(50))
    assert len(audience.left_by(_gauge(value))) == left
