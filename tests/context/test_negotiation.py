"""Reading request headers (clauses 6.3.4 to 6.3.6)."""

import pytest

from tamamo.context import negotiation
from tamamo.context.errors import BadRequestData, NotAcceptable
from tamamo.context.negotiation import GEO_JSON, JSON, LD_JSON


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("application/ld+json", LD_JSON),
        ("application/ld+json, application/json", JSON),
        ("application/ld+json, application/json;q=0.5", LD_JSON),
        ("Application/JSON; charset=utf-8", JSON),
        ("application/json;q=0, */*", LD_JSON),
        ("text/html, application/xhtml+xml, */*;q=0.8", JSON),
        ("application/geo+json", GEO_JSON),
        ("application/geo+json, application/ld+json;q=0.9", GEO_JSON),
        ("application/ld+json;q=x", LD_JSON),
    ],
)
def test_media_type_of_the_answer(accept: str | None, media: str) -> None:
    assert negotiation.media_type(accept, geojson=True) == media


@pytest.mark.parametrize("accept", ["text/html", "application/geo+json", "application/json;q=0"])
def test_what_cannot_be_given_is_refused_with_what_can(accept: str) -> None:
    with pytest.raises(NotAcceptable) as caught:
        negotiation.media_type(accept, geojson=False)
    assert caught.value.extra["availableRepresentations"] == [JSON, LD_JSON]


CONTEXT = '<http://a.example/c.jsonld>; rel="http://www.w3.org/ns/json-ld#context"'


@pytest.mark.parametrize(
    ("headers", "url"),
    [
        ((), None),
        ((f'{CONTEXT}; type="application/ld+json"',), "http://a.example/c.jsonld"),
        ((f'</x>; rel="next"; type="a;b,c", {CONTEXT}',), "http://a.example/c.jsonld"),
        (('<x>; rel="next"', CONTEXT), "http://a.example/c.jsonld"),
        (('<http://a.example/profile>; rel="profile"',), None),
        (("<http://b>;rel=http://www.w3.org/ns/json-ld#context",), "http://b"),
    ],
)
def test_context_of_link_headers(headers: tuple[str, ...], url: str | None) -> None:
    assert negotiation.context_link(headers) == url


def test_two_contexts_are_refused() -> None:
    with pytest.raises(BadRequestData):
        negotiation.context_link((CONTEXT, CONTEXT))


def test_preferences() -> None:
    assert negotiation.preferences(("body=json", 'ngsi-ld="1.8", body=ld+json')) == {
        "body": "json",
        "ngsi-ld": "1.8",
    }
