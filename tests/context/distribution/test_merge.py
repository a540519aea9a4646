"""Versions of an entity put together (clauses 4.5.5.2, 4.5.5.3): on values, without sources."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tamamo.context.distribution.merge import merge
from tamamo.context.model.entity import Entity

ID, LEVEL = "urn:ngsi-ld:Gauge:1", "https://example.org/level"
SOON, LATER, PAST = "2090-01-01T00:00:00Z", "2099-01-01T00:00:00Z", "2020-01-01T00:00:00Z"


def version(*levels: dict[str, Any], expires_at: str | None = None, **members: Any) -> Entity:
    instances = [{"type": "Property", "value": 0, **level} for level in levels]
    attrs = {LEVEL: instances} if levels else {}
    return Entity(ID, ["https://example.org/Gauge"], attrs, expires_at=expires_at, **members)


def merged(*versions: Entity, auxiliary: tuple[Entity, ...] = ()) -> Entity:
    found = merge(versions, auxiliary)
    assert found is not None
    return found


def test_nobody_knows_nothing() -> None:
    assert merge([]) is None
    only = version({"value": 1})
    assert merge([], [only]) is only


def test_types_scopes_and_times_are_those_of_all() -> None:
    one = Entity(ID, ["a", "b"], {}, ["/x"], "2021-01-01T00:00:00Z", "2021-01-02T00:00:00Z")
    other = Entity(ID, ["b", "c"], {}, ["/y", "/x"], "2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z")
    found = merged(one, other)
    assert (found.types, found.scopes) == (["a", "b", "c"], ["/x", "/y"])
    assert (found.created_at, found.modified_at) == (other.created_at, one.modified_at)


def test_an_end_that_others_do_not_share_moves_to_the_attributes() -> None:
    found = merged(
        version(
            {"datasetId": "urn:1"}, {"datasetId": "urn:2", "expiresAt": LATER}, expires_at=SOON
        ),
        version({"datasetId": "urn:3"}),
    )
    ends = {one["datasetId"]: one.get("expiresAt") for one in found.attrs[LEVEL]}
    assert ends == {"urn:1": SOON, "urn:2": SOON, "urn:3": None}
    assert found.expires_at is None


def test_of_several_ends_the_last_is_that_of_the_entity() -> None:
    assert merged(version(expires_at=SOON), version(expires_at=LATER)).expires_at == LATER
    same = merged(version({"value": 1}, expires_at=SOON), version(expires_at=SOON))
    assert "expiresAt" not in same.attrs[LEVEL][0]


def test_what_is_over_does_not_count_however_new() -> None:
    over = {"value": 1, "observedAt": LATER, "expiresAt": PAST}
    assert merged(version(over), version({"value": 2})).attrs[LEVEL][0]["value"] == 2


def test_auxiliary_versions_add_attributes_in_their_order() -> None:
    other = "https://example.org/flow"
    extra = Entity(ID, ["x"], {LEVEL: [{"value": 9}], other: [{"value": 1}]})
    late = Entity(ID, ["x"], {other: [{"value": 2}]})
    found = merged(version({"value": 0}), auxiliary=(extra, late))
    assert (found.attrs[LEVEL][0]["value"], found.attrs[other][0]["value"]) == (0, 1)
    assert found.types == ["https://example.org/Gauge"]


moments = st.none() | st.integers(0, 3).map(lambda hour: f"2026-01-01T0{hour}:00:00Z")
levels = st.builds(
    lambda value, observed, modified, dataset: {
        name: text
        for name, text in (
            ("value", value),
            ("observedAt", observed),
            ("modifiedAt", modified),
            ("datasetId", dataset),
        )
        if text is not None
    },
    st.integers(0, 5),
    moments,
    moments,
    st.sampled_from([None, "urn:d:1"]),
)
versions = st.lists(
    st.lists(levels, max_size=2, unique_by=lambda one: one.get("datasetId")).map(
        lambda found: version(*found)
    ),
    min_size=1,
    max_size=5,
)


@given(versions)
def test_of_each_dataset_the_newest_instance_stays(given_versions: list[Entity]) -> None:
    found = merged(*given_versions).attrs.get(LEVEL, [])
    everything = [item for one in given_versions for item in one.attrs.get(LEVEL, [])]
    assert {one.get("datasetId") for one in found} == {one.get("datasetId") for one in everything}
    for one in found:
        rivals = [item for item in everything if item.get("datasetId") == one.get("datasetId")]
        newest = max((item.get("observedAt", ""), item.get("modifiedAt", "")) for item in rivals)
        assert (one.get("observedAt", ""), one.get("modifiedAt", "")) == newest
        assert one in rivals


@given(versions)
def test_putting_together_twice_changes_nothing(given_versions: list[Entity]) -> None:
    once = merged(*given_versions)
    assert merged(once, *given_versions) == once
