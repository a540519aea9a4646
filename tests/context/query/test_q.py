"""The grammar of q, the examples of clause 4.9, and what is refused with which words."""

import pytest

from tamamo.context.errors import BadRequestData, OperationNotSupported, TooComplexQuery
from tamamo.context.model.entity import Entity
from tamamo.context.query import q

from .conftest import VOCABULARY, Terms


def entity(**attrs: object) -> Entity:
    """Return an entity whose attributes are given as one instance or a list of them."""
    held = {
        VOCABULARY + name: found if isinstance(found, list) else [found]
        for name, found in attrs.items()
    }
    return Entity("urn:x:1", [VOCABULARY + "T"], held, created_at="2026-01-01T00:00:00Z")


def prop(value: object, **more: object) -> dict[str, object]:
    return {"type": "Property", "value": value, **more}


RED = {"type": "LanguageProperty", "languageMap": {"fr": "rouge", "en": "red", "de": "rot"}}
CATS = {"type": "LanguageProperty", "languageMap": {"fr": ["chat", "rouge"], "en": ["coal"]}}
SENSOR = prop(40) | {
    VOCABULARY + "rawdata": [prop({"airquality": {"particulate": 40, "PM20": 85}})]
}


@pytest.mark.parametrize(
    ("text", "attrs", "expected"),
    [
        # examples 0 to 11 of 4.9
        ("temperature", {"temperature": prop(1)}, True),
        ("temperature", {"humidity": prop(1)}, False),
        ("temperature==20", {"temperature": prop(20)}, True),
        ('brandName!="Mercedes"', {"brandName": prop("Volvo")}, True),
        ('brandName!="Mercedes"', {"speed": prop(1)}, False),
        (
            'isParked=="urn:ngsi-ld:OffStreetParking:Downtown1"',
            {
                "isParked": {
                    "type": "Relationship",
                    "object": "urn:ngsi-ld:OffStreetParking:Downtown1",
                }
            },
            True,
        ),
        (
            '((speed>50|rpm>3000);brandName=="Mercedes")',
            {"speed": prop(51), "brandName": prop("Mercedes")},
            True,
        ),
        (
            '((speed>50|rpm>3000);brandName=="Mercedes")',
            {"speed": prop(50), "brandName": prop("Mercedes")},
            False,
        ),
        ("(temperature>=20;temperature<=25)|capacity<=10", {"capacity": prop(10)}, True),
        ("temperature>20;capacity|temperature==1", {"temperature": prop(1)}, True),  # and first
        (
            "temperature.observedAt>=2017-12-24T12:00:00Z",
            {"temperature": prop(1, observedAt="2017-12-24T12:00:00.000Z")},
            True,
        ),
        ('address[city]=="Berlin"', {"address": prop({"city": "Berlin"})}, True),
        ("sensor.rawdata[airquality.particulate]==40", {"sensor": SENSOR}, True),
        (
            'parkingTickets[value]=="Overstay 60 minutes"',
            {"parkingTickets": {"type": "JsonProperty", "json": {"value": "Overstay 60 minutes"}}},
            True,
        ),
        # the sentences on equality
        ('color=="red"', {"color": prop(["blue", "red", "green"])}, True),
        ('color=="black","red"', {"color": prop("red")}, True),
        ('color=="black", "red"', {"color": prop(["red", "blue"])}, True),
        ("temperature==10..20", {"temperature": prop(15)}, True),
        ("temperature!=10..20", {"temperature": prop(9)}, True),
        ("temperature!=10..20", {"temperature": prop(20)}, False),
        ('color[en]=="red"', {"color": RED}, True),
        ('color[en]=="rouge"', {"color": RED}, False),
        ('color[*]=="rouge"', {"color": RED}, True),
        ('color[*]!="red"', {"color": RED}, False),
        ('color=="rot"', {"color": RED}, True),
        ('color[fr]=="rouge"', {"color": CATS}, True),
        ('color[en]!="red"', {"color": CATS}, True),
        ('color[ja]!="red"', {"color": CATS}, False),
        ("color!=1", {"color": prop("1")}, True),  # of different types: unequal
        ("color==1", {"color": prop("1")}, False),
        ("color==1", {"color": prop(True)}, False),
        ("color==true", {"color": prop(True)}, True),
        ("color>0", {"color": prop("1")}, False),
        # an order of URIs means nothing
        ('managedBy>"urn:a"', {"managedBy": {"type": "Relationship", "object": "urn:b"}}, False),
        ('managedBy~="urn"', {"managedBy": {"type": "Relationship", "object": "urn:b"}}, False),
        # several instances: any of them
        ("speed==2", {"speed": [prop(1), prop(2, datasetId="urn:d")]}, True),
        ("speed!=2", {"speed": [prop(1), prop(2, datasetId="urn:d")]}, True),
        # patterns
        ('name~="^Eif"', {"name": prop("Eiffel")}, True),
        ("name~=(fel|x)$;name", {"name": prop("Eiffel")}, True),
        ('name!~="^Eif"', {"name": prop(5)}, False),
        (r'name~="a\.b"', {"name": prop("a.b")}, True),
        (r'name~="a\"b"', {"name": prop('a"b')}, True),
        # members of the instance and the entity
        ('speed.unitCode=="KMH"', {"speed": prop(1, unitCode="KMH")}, True),
        ('createdAt>"2020-01-01T00:00:00Z"', {"speed": prop(1)}, True),
        ("createdAt<2020-01-01T00:00:00Z", {"speed": prop(1)}, False),
        ("!heading;speed>25", {"speed": prop(26)}, True),
        ("values[1]==7", {"values": prop([5, 7])}, True),
        (f"{VOCABULARY}speed>25", {"speed": prop(26)}, True),
        # typed values (annex C.6)
        (
            "due<2019-01-01T00:00:00Z",
            {"due": prop({"@type": "DateTime", "@value": "2018-12-04T12:00:00Z"})},
            True,
        ),
    ],
)
def test_what_matches(terms: Terms, text: str, attrs: dict[str, object], expected: bool) -> None:
    assert q.matches(q.parse(text, terms), entity(**attrs)) is expected


def test_expand_values_makes_terms_of_the_context_comparable(terms: Terms) -> None:
    person = entity(gender={"type": "VocabProperty", "vocab": VOCABULARY + "Male"})
    for text in ("gender==Male", 'gender=="Male"'):
        assert q.matches(q.parse(text, terms, expand_values=["gender"]), person)
        assert not q.matches(q.parse(text, terms), person)


def test_linked_entities(terms: Terms) -> None:
    station = entity(sensor={"type": "Relationship", "object": "urn:x:device"})
    device = Entity("urn:x:device", [VOCABULARY + "Device"], {VOCABULARY + "humidity": [prop(40)]})
    lookup = {device.id: device}.get
    for text, expected in [
        ("sensor{humidity}==40", True),
        ("sensor{Device:humidity}==40", True),
        ("sensor{Vehicle,Device:humidity}==40", True),
        ("sensor{Vehicle:humidity}==40", False),
        ("sensor{humidity}>40", False),
    ]:
        assert q.matches(q.parse(text, terms), station, lookup) is expected
    with pytest.raises(OperationNotSupported):
        q.matches(q.parse("sensor{humidity}", terms), station)


def test_depth_of_links_and_system_attributes(terms: Terms) -> None:
    assert q.link_depth(q.parse("a|owner{works{name}}", terms)) == 2
    assert q.link_depth(q.parse("a.b[c]", terms)) == 0
    assert not q.names_attributes(q.parse('modifiedAt>"2020-01-01T00:00:00Z"', terms))
    assert q.names_attributes(q.parse("createdAt;a", terms))


@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [
        ("", 1, "the name of an attribute"),
        ("speed>", 7, "a number, a quoted text"),
        ("a=1", 2, "an operator"),
        ("a==", 4, "a number"),
        ("a==[1]", 4, "a URI"),
        ("a==1e400", 4, "a number"),
        ("a==1..x", 7, "the end of the range"),
        ('a==1.."b"', 7, "the end of the range"),
        ('a=="b"..1', 9, "a range between two"),
        ("a>4..5", 3, "one number, quoted text or time after >"),
        ('a>"x","y"', 3, "one number, quoted text or time after >"),
        ("a>true", 3, "one number, quoted text or time after >"),
        ("a==1,", 6, "a number"),
        ("a==1,2..3", 6, "a list holds no ranges"),
        ('a=="x', 4, 'closed by "'),
        (r'a=="\x"', 4, "JSON strings"),
        (r'a=="\u0000"', 4, "U+0000"),
        ("(a", 3, "')'"),
        ("a)", 2, "the end"),
        ("a;;b", 3, "the name of an attribute"),
        ("a.observedAt.b", 14, "no further name after observedAt"),
        ('id=="urn:x"', 1, "a parameter of its own"),
        ("a[", 3, "the name of a member"),
        ("a[b", 4, "']'"),
        ("a{b", 4, "'}'"),
        ("a{id}", 3, "an attribute"),
        ("a~=", 4, "a regular expression"),
        ('a~="(?=x)"', 5, "a group other than"),
        ('a~="x', 4, 'a pattern closed by "'),
        ("9a", 1, "the name of an attribute"),
        ("a==b c", 4, "a number"),
        ("a==2020-02-30T00:00:00Z", 4, "a number"),
    ],
)
def test_faults_are_named_with_their_place(
    terms: Terms, text: str, position: int, expected: str
) -> None:
    with pytest.raises(BadRequestData) as raised:
        q.parse(text, terms)
    assert expected in raised.value.detail
    assert raised.value.extra["position"] == position
    assert raised.value.extra["field"] == "q"
    assert raised.value.detail.startswith("q: ")


@pytest.mark.parametrize(
    "text",
    [
        "a|" * 40_000 + "a",
        "(" * 31 + "a" + ")" * 31,
        ";".join(["a"] * 501),
        "a==" + ",".join(["1"] * 502),
        "a" + ".a" * 20,
        "a[" + ".".join(["x"] * 21) + "]",
        "a{" * 6 + "b" + "}" * 6,
        'a~="' + "x" * 1_001 + '"',
    ],
    ids=["long", "deep", "terms", "values", "names", "members", "links", "pattern"],
)
def test_what_is_too_large_is_refused(terms: Terms, text: str) -> None:
    with pytest.raises(TooComplexQuery):
        q.parse(text, terms)


def test_a_text_that_cannot_be_stored_cannot_be_asked_for(terms: Terms) -> None:
    for text in ("a\0", "a==\ud800"):
        with pytest.raises(BadRequestData):
            q.parse(text, terms)
