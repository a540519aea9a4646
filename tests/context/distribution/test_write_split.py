"""Splitting a write: whatever the registrations, nothing is lost and nothing doubled."""

import re
from collections.abc import Iterable
from typing import Any, ClassVar

from hypothesis import given
from hypothesis import strategies as st

from tamamo.context.distribution import batches, provision, purging, writes
from tamamo.context.distribution.source import Source, compile_source
from tamamo.context.distribution.split import (
    DEFAULT,
    EVERY,
    Cells,
    Part,
    Share,
    Subject,
    cells,
    concerned,
    cut,
    split,
    types_asked,
)
from tamamo.context.jsonld import TermMap
from tamamo.context.model.entity import DEFAULT_VOCABULARY

TERMS = TermMap({}, {}, DEFAULT_VOCABULARY)
ID = "urn:ngsi-ld:Gauge:harbour"
GAUGE, RIVER = (DEFAULT_VOCABULARY + name for name in ("Gauge", "River"))


def iri(name: str) -> str:
    return TERMS.expand_term(name)


def registered(
    mode: str, *information: dict[str, Any], datasets: list[str] | None = None
) -> Source:
    """Return a registration, by default for all gauges."""
    document = {
        "mode": mode,
        "endpoint": "http://source.example",
        "information": list(information) or [{"entities": [{"type": GAUGE}]}],
    }
    return compile_source(
        "default", "urn:r", document | ({"datasetId": datasets} if datasets else {})
    )


def about(*entities: dict[str, Any], names: list[str] | None = None) -> dict[str, Any]:
    """Return a RegistrationInfo."""
    return {"entities": list(entities)} | ({"propertyNames": names} if names else {})


NAMES = ("level", "flow", "battery")
DATASETS = ("urn:d:a", "urn:d:b", DEFAULT)
instances = st.sampled_from(DATASETS).map(
    lambda dataset: (
        {"type": "Property", "value": 1} | ({} if dataset == DEFAULT else {"datasetId": dataset})
    )
)
values = st.one_of(
    st.integers(),
    instances,
    st.lists(instances, min_size=1, max_size=3, unique_by=lambda one: one.get("datasetId")),
)
bodies = st.dictionaries(st.sampled_from(NAMES), values, max_size=3).map(
    lambda attrs: {"id": ID, "type": "Gauge", "scope": "/harbour", **attrs}
)
who = st.fixed_dictionaries(
    {"type": st.sampled_from([GAUGE, RIVER, [RIVER, GAUGE]])},
    optional={
        "id": st.sampled_from([ID, "urn:ngsi-ld:Gauge:other"]),
        "idPattern": st.sampled_from(["harbour", "^other"]),
    },
)
what = st.fixed_dictionaries(
    {},
    optional={
        "entities": st.lists(who, min_size=1, max_size=2),
        "propertyNames": st.lists(st.sampled_from([iri(name) for name in NAMES]), min_size=1),
    },
)
registrations = st.builds(
    lambda mode, information, datasets: registered(mode, *information, datasets=datasets),
    st.sampled_from(["inclusive", "exclusive", "redirect", "auxiliary"]),
    st.lists(what, min_size=1, max_size=2),
    st.one_of(st.none(), st.lists(st.sampled_from(DATASETS), min_size=1, max_size=2)),
)


def flat(attrs: Cells) -> set[tuple[str, str]]:
    return {(attr, dataset) for attr, datasets in attrs.items() for dataset in datasets}


def got(shares: Iterable[Share], *modes: str) -> set[tuple[str, str]]:
    return {
        cell for share in shares if share.source.mode in modes for cell in flat(share.part.attrs)
    }


def subject(body: dict[str, Any]) -> Subject:
    return Subject(ID, (GAUGE,), cells(body, TERMS))


@given(bodies, st.lists(registrations, max_size=5))
def test_every_instance_goes_to_proxied_sources_or_stays_and_never_both(
    body: dict[str, Any], sources: list[Source]
) -> None:
    about = subject(body)
    found = split(about, sources)
    away = got(found.shares, "exclusive", "redirect")
    here = flat(found.rest.attrs)
    assert away | here == flat(about.attrs)
    assert not away & here
    assert got(found.shares, "inclusive") <= here


@given(bodies, st.lists(registrations, max_size=5))
def test_what_is_exclusive_goes_to_one_source_alone(
    body: dict[str, Any], sources: list[Source]
) -> None:
    found = split(subject(body), sources)
    claimed = [flat(s.part.attrs) for s in found.shares if s.source.mode == "exclusive"]
    assert sum(map(len, claimed)) == len(set().union(*claimed))
    assert not set().union(*claimed) & got(found.shares, "redirect", "inclusive")


@given(bodies, st.lists(registrations, max_size=5))
def test_nobody_gets_what_he_is_not_registered_for(
    body: dict[str, Any], sources: list[Source]
) -> None:
    for share in split(subject(body), sources).shares:
        source = share.source
        assert source.mode != "auxiliary"
        fitting = [one for one in source.document["information"] if fits(one)]
        assert fitting
        for attr, dataset in flat(share.part.attrs):
            assert any(attr in one.get("propertyNames", [attr]) for one in fitting)
            assert dataset in source.document.get("datasetId", [dataset])


def fits(information: dict[str, Any]) -> bool:
    """Whether a RegistrationInfo is for the gauge, said once more."""
    return "entities" not in information or any(
        GAUGE in as_list(one["type"])
        and (one["id"] == ID if "id" in one else re.search(one.get("idPattern", ""), ID))
        for one in information["entities"]
    )


@given(bodies, st.lists(registrations, max_size=5))
def test_the_parts_put_together_are_the_body(body: dict[str, Any], sources: list[Source]) -> None:
    found = split(subject(body), sources)
    parts = [share.part for share in found.shares if share.source.proxied]
    whole: dict[str, list[Any]] = {}
    for part in [*parts, found.rest]:
        piece = cut(body, part, TERMS)
        assert piece.items() >= {"id": ID, "type": "Gauge", "scope": "/harbour"}.items()
        for name, value in piece.items():
            if name in NAMES:
                kept = whole.setdefault(name, [])
                kept += [one for one in as_list(value) if one not in kept]
    assert whole.keys() == body.keys() - {"id", "type", "scope"}
    for name, pieces in whole.items():
        assert len(pieces) == len(as_list(body[name]))
        assert all(one in pieces for one in as_list(body[name]))


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


LEVEL = [iri("level")]
ONE = frozenset({DEFAULT})


def test_a_redirect_for_whole_entities_takes_all_of_it() -> None:
    body = {"id": ID, "type": "Gauge", "level": 1}
    found = split(subject(body), [registered("redirect"), registered("redirect")])
    assert [share.part for share in found.shares] == [Part(True, {iri("level"): ONE})] * 2
    assert not found.rest


def test_of_an_entity_without_attributes_a_source_for_an_attribute_gets_nothing() -> None:
    bare = Subject(ID, (GAUGE,))
    named = registered("redirect", about({"type": GAUGE}, names=LEVEL))
    assert split(bare, [named]).shares == []
    assert split(bare, [registered("redirect")]).shares[0].part == Part(True, {})


def test_deleting_every_instance_asks_a_source_for_its_own() -> None:
    every = Subject(ID, (GAUGE,), {iri("level"): frozenset({EVERY})})
    found = split(every, [registered("redirect", datasets=["urn:d:a"])])
    assert found.shares[0].part.attrs == {iri("level"): frozenset({"urn:d:a"})}
    assert found.rest.attrs == {iri("level"): frozenset({EVERY})}


def test_deletion_concerns_every_source_of_the_entity_whatever_attributes_it_has() -> None:
    named = registered("exclusive", about({"type": GAUGE, "id": ID}, names=LEVEL))
    other = registered("redirect", about({"type": RIVER}))
    sources = [named, other, registered("auxiliary")]
    assert concerned(Subject(ID, (GAUGE,)), sources) == [named]
    assert concerned(Subject(ID), sources) == [named, other]


def test_where_types_are_not_known_the_request_is_limited_to_those_registered() -> None:
    either = registered("inclusive", about({"type": GAUGE}, {"type": RIVER}))
    assert types_asked(either, Subject(ID)) == [GAUGE, RIVER]
    assert types_asked(either, Subject(ID, (GAUGE, RIVER))) == []
    assert types_asked(registered("inclusive", about({"type": GAUGE, "id": ID})), Subject(ID)) == []
    assert types_asked(registered("inclusive", {"propertyNames": LEVEL}), Subject(ID)) == []


def test_instances_in_simplified_form_are_split_by_their_dataset() -> None:
    body = {"id": ID, "level": {"dataset": {"urn:d:a": 1, DEFAULT: 2}}}
    found = split(subject(body), [registered("exclusive", datasets=["urn:d:a"])])
    assert cut(body, found.shares[0].part, TERMS)["level"] == {"dataset": {"urn:d:a": 1}}
    assert cut(body, found.rest, TERMS)["level"] == {"dataset": {DEFAULT: 2}}


class Alone:
    """A request to a broker without registrations; there is nothing else to ask it for."""

    tenant = "default"
    params: ClassVar[dict[str, str]] = {}

    class broker:  # noqa: N801 -- an attribute of an exchange
        class distribution:  # noqa: N801
            concerns = staticmethod(lambda tenant, params: False)


def test_without_registrations_a_write_is_the_handler_itself() -> None:
    answer, asked = object(), []

    def handler(exchange: Any) -> Any:
        asked.append(exchange)
        return answer

    exchange: Any = Alone()
    for layer in (
        provision.distributed(handler, writes.CREATE),
        batches.distributed(handler, writes.CREATE_BATCH),
        purging.distributed(handler),
    ):
        assert layer(exchange) is answer
    assert asked == [exchange] * 3
