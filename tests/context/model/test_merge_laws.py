"""Laws that every operation keeps, whatever the entity."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamamo.context.model import merge, parse
from tamamo.context.model.entity import Entity
from tamamo.context.model.merge import Change
from tamamo.context.model.sameness import same
from tamamo.context.model.values import NGSI_NULL
from tests.context.model import bodies, steps
from tests.context.model.steps import D1, DEFAULT, T1, T2, TERMS


@pytest.mark.parametrize(
    ("body", "null"),
    [
        ({"value": 1}, {"value": NGSI_NULL}),
        ({"object": "urn:x:1"}, {"object": NGSI_NULL}),
        ({"languageMap": {"ja": "川"}}, {"languageMap": {"@none": NGSI_NULL}}),
        ({"vocab": "x"}, {"vocab": NGSI_NULL}),
        ({"json": {}}, {"json": NGSI_NULL}),
        ({"valueList": []}, {"valueList": [NGSI_NULL]}),
        ({"objectList": []}, {"objectList": [NGSI_NULL]}),
    ],
)
def test_the_history_of_a_deletion_by_kind(body: Any, null: dict[str, Any]) -> None:
    (instance,) = steps.entity(a=body).attrs[DEFAULT + "a"]
    assert null.items() <= merge.deletion(instance, T2).items()


def test_replacing_an_entity_records_what_is_gone() -> None:
    before = steps.entity(a=1, b=[{"value": 2}, {"value": 3, "datasetId": D1}], c=4)
    new = parse.parse_entity({"id": "urn:ngsi-ld:Gauge:1", "type": "Gauge", "b": 5, "d": 6}, TERMS)
    entity, change = merge.replace_entity(before, new, T2)
    assert (entity.created_at, entity.modified_at) == (T1, T2)
    gone = [(row.attr, row.instance.get("datasetId")) for row in change.written if row.deleted]
    assert gone == [(DEFAULT + "a", None), (DEFAULT + "b", D1), (DEFAULT + "c", None)]
    kept = entity.attrs[DEFAULT + "b"][0]
    assert (kept["value"], kept["createdAt"], kept["modifiedAt"]) == (5, T1, T2)


def _replayed(state: dict[str, list[Any]], change: Change) -> dict[str, list[Any]]:
    """Apply the history rows of a change to the attributes before it."""
    attrs = {attr: list(instances) for attr, instances in state.items()}
    for row in change.written:
        instances = attrs.setdefault(row.attr, [])
        dataset = row.instance.get("datasetId")
        at = next((n for n, one in enumerate(instances) if one.get("datasetId") == dataset), None)
        if row.deleted:
            assert at is not None
            del instances[at]
        elif at is None:
            instances.append(row.instance)
        else:
            instances[at] = row.instance
        if not instances:
            del attrs[row.attr]
    return attrs


FRAGMENT_RULES = {"append": parse.APPEND, "update": parse.UPDATE, "merge": parse.MERGE}


@given(bodies.entities, bodies.attribute_sets, st.sets(st.sampled_from(bodies.NAMES), max_size=3))
@settings(max_examples=100, deadline=None)
@pytest.mark.parametrize("operation", ["append", "update", "merge"])
def test_laws_of_every_operation(
    operation: str, body: dict[str, Any], attrs: dict[str, Any], deleted: set[str]
) -> None:
    if operation != "append":
        attrs = attrs | dict.fromkeys(sorted(deleted), NGSI_NULL)
    before = merge.create(parse.parse_entity(body, TERMS), T1)[0]
    kept = copy.deepcopy(before)

    def apply(entity: Entity) -> tuple[Entity, Change]:
        fragment = parse.parse_fragment(attrs, TERMS, FRAGMENT_RULES[operation])
        if operation == "append":
            return merge.append(entity, fragment, T2)
        if operation == "update":
            return merge.update(entity, fragment, T2)
        return merge.merge_patch(entity, fragment, T2, terms=TERMS)

    after, change = apply(before)
    assert before == kept, "the entity before is not altered"
    assert _replayed(before.attrs, change) == after.attrs, "the history tells the whole change"
    assert (after.modified_at == T2) == bool(change)
    assert all(row.instance["modifiedAt"] == T2 for row in change.written)
    assert after.created_at == T1
    again, _ = apply(after)
    assert again.attrs == after.attrs, "doing it twice is doing it once"
    for name in set(attrs) & (deleted if operation != "append" else set()):
        instances = after.attrs.get(TERMS.expand_term(name), [])
        assert all("datasetId" in one for one in instances), "the default instance is gone"


@given(bodies.entities)
@settings(max_examples=60, deadline=None)
def test_merging_an_entity_with_itself_changes_no_content(body: dict[str, Any]) -> None:
    before = merge.create(parse.parse_entity(body, TERMS), T1)[0]
    after, _ = steps.merged(before, steps.shown(before))
    assert after.attrs.keys() == before.attrs.keys()
    for attr, instances in before.attrs.items():
        for one, other in zip(instances, after.attrs[attr], strict=True):
            assert same(one, other)


@given(bodies.entities, bodies.entities)
@settings(max_examples=60, deadline=None)
def test_replacing_is_the_same_whether_what_is_known_is_read_again_or_not(
    body: dict[str, Any], other: dict[str, Any]
) -> None:
    before = merge.create(parse.parse_entity(body, TERMS), T1)[0]
    untouched = copy.deepcopy(before)
    for new in (body, steps.shown(before), {**other, **steps.shown(before)}, other):
        read = parse.parse_entity(copy.deepcopy(new), TERMS)
        spared = parse.parse_entity(copy.deepcopy(new), TERMS, known=before.attrs)
        assert merge.replace_entity(before, spared, T2) == merge.replace_entity(before, read, T2)
        assert before == untouched


@pytest.mark.parametrize(
    ("given", "known"),
    [
        ({"type": "Property", "value": 1}, True),
        ({"type": "Property", "value": True}, False),
        ({"type": "Property", "value": 1.0}, False),
        ({"type": "Property", "value": 1, "unitCode": "MTR"}, False),
        ({"type": "Property", "value": 1, "modifiedAt": T1}, False),
        ({"value": 1}, False),
        ([{"type": "Property", "value": 1}], False),
        (1, False),
    ],
)
def test_only_what_is_the_same_to_the_letter_is_known(given: Any, known: bool) -> None:
    stored = steps.entity(a=1).attrs
    body = {"id": "urn:ngsi-ld:Gauge:1", "type": "Gauge", "a": given}
    read = parse.parse_entity(body, TERMS, known=stored).attrs
    assert (read[DEFAULT + "a"] is stored[DEFAULT + "a"]) == known


@given(bodies.entities, bodies.attribute_sets)
@settings(max_examples=60, deadline=None)
def test_append_without_overwriting_never_loses_anything(
    body: dict[str, Any], attrs: dict[str, Any]
) -> None:
    before = merge.create(parse.parse_entity(body, TERMS), T1)[0]
    after, change = steps.appended(before, attrs, overwrite=False)
    for attr, instances in before.attrs.items():
        assert after.attrs[attr][: len(instances)] == instances
    assert all(row.before is None for row in change.written)
