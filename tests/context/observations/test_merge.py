"""Any readings, in any order, in any number of calls: the history and the state a model expects."""

from datetime import datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tamamo.context.model.entity import Entity
from tamamo.context.observations.merge import (
    Counts,
    Key,
    Outcome,
    ParseTime,
    collect,
    merge,
    without_times,
)

LEVEL, NAME = "urn:a:level", "urn:a:name"
TIMES = [f"2026-06-01T0{hour}:00:00Z" for hour in range(6)]


def entity(at: str | None, value: int, dataset: str | None, name: str | None) -> Entity:
    attrs: dict[str, Any] = {}
    if at is not None:
        reading = {"type": "Property", "value": value, "observedAt": at}
        attrs[LEVEL] = [reading if dataset is None else {**reading, "datasetId": dataset}]
    if name is not None:
        attrs[NAME] = [{"type": "Property", "value": name}]
    return Entity("urn:x:1", ["urn:t:Gauge"], attrs)


entities = st.builds(
    entity,
    st.one_of(st.none(), st.sampled_from(TIMES)),
    st.integers(0, 3),
    st.sampled_from([None, None, "urn:d:1"]),
    st.sampled_from([None, None, "牛堂", "春日川"]),
)
calls = st.lists(st.lists(entities, min_size=1, max_size=5), min_size=1, max_size=5)


def record(history: list[tuple[str, Any]], state: Entity | None, call: list[Entity]) -> Outcome:
    """Do what the service does, with a list as the history."""
    (batch,) = collect(call, ParseTime(datetime.fromisoformat)).values()
    known = {
        Key("urn:x:1", attr, i.get("datasetId") or "", datetime.fromisoformat(i["observedAt"]))
        for attr, i in history
        if "observedAt" in i
    }
    return merge(state, batch, known, f"2026-11-22T00:00:{len(history):02}Z")


@given(calls)
def test_history_and_state_are_those_of_the_model(given_calls: list[list[Entity]]) -> None:
    history: list[tuple[str, Any]] = []
    state: Entity | None = None
    total = Counts()
    first: dict[tuple[str | None, str], int] = {}
    names: list[str] = []
    for call in given_calls:
        before = None if state is None else dict(state.attrs)
        outcome = record(history, state, call)
        if state is not None:
            assert state.attrs == before, "the state before was altered"
        history += outcome.history
        state = outcome.after
        for field in ("stored", "repeated", "late", "created", "metadata"):
            setattr(total, field, getattr(total, field) + getattr(outcome.counts, field))
        for given_entity in call:
            for reading in given_entity.attrs.get(LEVEL, []):
                key = (reading.get("datasetId"), reading["observedAt"])
                first.setdefault(key, reading["value"])
            for instance in given_entity.attrs.get(NAME, []):
                if not names or names[-1] != instance["value"]:
                    names.append(instance["value"])

    assert state is not None
    measured = [(i.get("datasetId"), i["observedAt"]) for attr, i in history if attr == LEVEL]
    assert sorted(measured, key=str) == sorted(first, key=str), "each reading once, none lost"
    assert [i["value"] for attr, i in history if attr == NAME] == names
    for dataset in (None, "urn:d:1"):
        times = [at for other, at in first if other == dataset]
        current = [i for i in state.attrs.get(LEVEL, []) if i.get("datasetId") == dataset]
        assert [(i["observedAt"], i["value"]) for i in current] == (
            [(max(times), first[dataset, max(times)])] if times else []
        )
    given_readings = sum(len(e.attrs.get(LEVEL, [])) for call in given_calls for e in call)
    assert total.stored == len(first)
    assert total.stored + total.repeated == given_readings
    assert (total.created, total.metadata) == (1, len(names))
    assert total.late <= total.stored


@given(calls)
def test_sending_everything_again_changes_nothing(given_calls: list[list[Entity]]) -> None:
    everything = [
        e for call in given_calls for e in call if LEVEL in e.attrs and NAME not in e.attrs
    ]
    if not everything:
        return
    once = record([], None, everything)
    again = record(once.history, once.after, everything)
    assert again.history == []
    assert not again.writes_state
    assert again.after.attrs == once.after.attrs


def test_system_times_do_not_make_a_difference_at_any_depth() -> None:
    said = {"type": "Property", "value": 1, "urn:a:sub": [{"type": "Property", "value": 2}]}
    stored = {**said, "createdAt": "x", "urn:a:sub": [{**said["urn:a:sub"][0], "modifiedAt": "y"}]}  # type: ignore[index]
    assert without_times(stored) == said
