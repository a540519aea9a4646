"""Bodies in the names a source understands (clauses 4.3.6.5, 4.3.6.6)."""

from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamamo.context.distribution.naming import Translation
from tamamo.context.jsonld import TermMap
from tamamo.context.model import parse
from tamamo.context.model.entity import DEFAULT_VOCABULARY
from tests.context.distribution.conftest import Register, gauge
from tests.context.distribution.peer import Peer, Says

CITY = "https://city.example/"
GERMAN = TermMap({"Pegel": CITY + "Gauge", "stand": CITY + "level"}, {}, DEFAULT_VOCABULARY)
FRENCH = TermMap({"Jauge": CITY + "Gauge", "niveau": CITY + "level"}, {}, DEFAULT_VOCABULARY)
there, back = Translation(GERMAN, FRENCH), Translation(FRENCH, GERMAN)


def prop(value: Any, **more: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value, **more}


NAMES = ["stand", "flow", "quality"]
values = st.recursive(
    st.one_of(st.integers(), st.text(max_size=5), st.booleans()),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=2),
        st.dictionaries(st.sampled_from([*NAMES, "type", "city"]), inner, max_size=2),
    ),
    max_leaves=4,
)
instances = st.deferred(
    lambda: st.builds(
        lambda kind, subs, dataset: kind | subs | dataset,
        st.one_of(
            values.map(prop),
            st.just({"type": "Relationship", "object": "urn:x:1", "objectType": "Pegel"}),
            st.just({"type": "VocabProperty", "vocab": ["stand", "other"]}),
            st.just({"type": "Property", "value": "urn:ngsi-ld:null"}),
        ),
        st.dictionaries(st.sampled_from(["stand", "sub"]), attributes, max_size=1),
        st.sampled_from([{}, {"datasetId": "urn:d:a"}]),
    )
)
attributes: st.SearchStrategy[Any] = st.one_of(
    instances,
    st.lists(instances, min_size=1, max_size=2, unique_by=lambda one: one.get("datasetId")),
)
bodies = st.dictionaries(st.sampled_from(NAMES), attributes, max_size=3).map(
    lambda attrs: {"id": "urn:x:1", "type": "Pegel", "scope": "/a", **attrs}
)


@given(bodies)
def test_a_translated_body_means_the_same_and_translates_back(body: dict[str, Any]) -> None:
    french = there.entity(body)
    assert parse.parse_fragment(french, FRENCH, parse.MERGE) == parse.parse_fragment(
        body, GERMAN, parse.MERGE
    )
    assert back.entity(french) == body


def test_every_form_of_an_attribute() -> None:
    body = {
        "@context": {"ignored": "here"},
        "type": ["Pegel", "Other"],
        "stand": {"value": {"stand": 1}, "stand": {"vocab": "stand"}},
        "flow": {"stand": 1},  # a bare value: any JSON
        "quality": "urn:ngsi-ld:null",
        "several": {"dataset": {"@none": {"vocab": "stand"}, "urn:d:a": 2}},
        "past": {"type": "VocabProperty", "vocabs": [["stand", "2026-01-01T00:00:00Z"]]},
        "sub": {"observedAt": "2026-01-01T00:00:00Z", "stand": {"value": 1}},
    }
    assert there.entity(body) == {
        "type": ["Jauge", "Other"],
        "niveau": {"value": {"stand": 1}, "niveau": {"vocab": "niveau"}},
        "flow": {"stand": 1},
        "quality": "urn:ngsi-ld:null",
        "several": {"dataset": {"@none": {"vocab": "niveau"}, "urn:d:a": 2}},
        "past": {"type": "VocabProperty", "vocabs": [["niveau", "2026-01-01T00:00:00Z"]]},
        "sub": {"observedAt": "2026-01-01T00:00:00Z", "niveau": {"value": 1}},
    }
    assert there.types("(Pegel|Other);Pegel") == "(Jauge|Other);Jauge"
    assert there.iri(CITY + "level") == "niveau"
    same = Translation(GERMAN, GERMAN)
    assert same.entity(body) == {name: v for name, v in body.items() if name != "@context"}


def test_a_body_for_an_earlier_version() -> None:
    body = {
        "type": ["Gauge", "Tide"],
        "scope": "/harbour",
        "expiresAt": "2030-01-01T00:00:00Z",
        "name": {
            "type": "LanguageProperty",
            "languageMap": {"ja": "港"},
            "valueType": "langString",
        },
        "kind": {"vocab": "tidal", "sub": {"json": {"a": 1}}},
        "level": [prop(1, datasetId="urn:d:a"), prop(2, unitCode="MTR", expiresAt="2030")],
        "gone": "urn:ngsi-ld:null",
        "plain": {"any": "json"},
    }
    assert Translation(GERMAN, GERMAN, (1, 3)).entity(body) == {
        "type": ["Gauge", "Tide"],
        "name": prop({"ja": "港"}),
        "kind": prop("tidal", sub=prop({"a": 1})),
        "level": [prop(1, datasetId="urn:d:a"), prop(2, unitCode="MTR")],
        "gone": "urn:ngsi-ld:null",
        "plain": {"any": "json"},
    }
    oldest = Translation(GERMAN, GERMAN, (1, 0)).entity(body)
    assert (oldest["type"], oldest["level"]) == ("Gauge", prop(2))
    assert Translation(GERMAN, GERMAN, (1, 9)).entity(body) == body


REDIRECT = {"mode": "redirect", "operations": ["redirectionOps"]}
LD = {"Content-Type": "application/ld+json"}
ID = "urn:ngsi-ld:Gauge:1"


@pytest.fixture
async def french(peer: Peer) -> str:
    """The address of a @context in which a level is a niveau."""
    context = {"@context": {"niveau": CITY + "level", "Jauge": CITY + "Gauge"}}
    peer.answers["GET", "/french"] = Says(
        body=context, headers={"Content-Type": LD["Content-Type"]}
    )
    return f"{peer.endpoint}/french"


async def test_a_context_given_in_the_body_goes_as_full_names(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await register(peer.endpoint, {"propertyNames": [CITY + "level"]}, **REDIRECT)
    peer.answers["POST", "/entities"] = Says(201)
    body = gauge("1", level=prop(1, level=prop(2))) | {"@context": {"level": CITY + "level"}}
    assert (await api.post("/entities", json=body, headers=LD)).status_code == 201
    name = CITY + "level"
    assert peer.last.body == gauge("1") | {name: prop(1) | {name: prop(2)}}
    assert peer.last.headers["content-type"] == "application/json"


async def test_a_context_with_an_address_goes_along_in_a_link(
    api: httpx.AsyncClient, register: Register, peer: Peer, french: str
) -> None:
    await register(peer.endpoint, {"propertyNames": [CITY + "level"]}, **REDIRECT)
    peer.answers["PATCH", f"/entities/{ID}/attrs/niveau"] = Says(204)
    link = {"Link": f'<{french}>; rel="http://www.w3.org/ns/json-ld#context"'}
    body = {"value": 1}
    answer = await api.patch(f"/entities/{ID}/attrs/niveau", json=body, headers=link)
    assert answer.status_code == 204, answer.text
    assert peer.last.body == body
    assert peer.last.headers["link"].startswith(f"<{french}>")


async def test_a_registered_context_is_what_the_source_is_spoken_to_in(
    api: httpx.AsyncClient, register: Register, peer: Peer, french: str
) -> None:
    told = [{"key": "jsonldContext", "value": french}]
    await register(
        peer.endpoint,
        {"entities": [{"type": CITY + "Gauge"}], "propertyNames": [CITY + "level"]},
        contextSourceInfo=told,
        **REDIRECT,
    )
    context = {"@context": {"level": CITY + "level", "Gauge": CITY + "Gauge"}}
    peer.answers["POST", "/entities"] = Says(201)
    answer = await api.post("/entities", json=gauge("1", level=1) | context, headers=LD)
    assert answer.status_code == 201, answer.text
    assert peer.last.body == {"id": ID, "type": "Jauge", "niveau": prop(1)}
    path = f"/entities/{ID}/attrs/niveau"
    peer.answers["DELETE", path] = Says(204)
    level = (CITY + "level").replace("/", "%2F")
    answer = await api.delete(f"/entities/{ID}/attrs/{level}")
    assert (answer.status_code, peer.last.path) == (204, path)
    assert peer.last.params == {"type": "Jauge"}


async def test_a_registered_context_that_cannot_be_had_is_an_error_of_that_source(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    told = [{"key": "jsonldContext", "value": f"{peer.endpoint}/nothing"}]
    await register(peer.endpoint, contextSourceInfo=told, **REDIRECT)
    answer = await api.post("/entities", json=gauge("1", level=1))
    assert answer.status_code == 502
    assert [one.path for one in peer.asked] == ["/nothing"]


async def test_a_source_that_wants_json_ld_gets_the_context_in_the_body(
    api: httpx.AsyncClient, register: Register, peer: Peer, french: str
) -> None:
    told = [{"key": "contentType", "value": "application/ld+json"}]
    await register(
        peer.endpoint,
        {"propertyNames": [CITY + "level"]},
        contextSourceInfo=told,
        mode="redirect",
        operations=["createBatch"],
    )
    peer.answers["POST", "/entityOperations/create"] = Says(201)
    body = {"id": ID, "type": "Jauge", "niveau": prop(1), "@context": french}
    answer = await api.post("/entityOperations/create", json=[body], headers=LD)
    assert answer.status_code == 201, answer.text
    assert peer.last.body == [body]
    assert peer.last.headers["content-type"] == "application/ld+json"
