"""A plain model of q (clause 4.9) with random queries and entities, to hold the real one against.

What a term addresses is a list of targets, each {"all": values standing alone, "parts": values an
equality may find, "uri": whether they are URIs}; the conditions are the sentences of 4.9.
"""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hypothesis import strategies as st

from tamamo.context.model.entity import Entity

from .conftest import VOCABULARY

MOMENTS = ["2020-01-01T00:00:00Z", "2020-01-01T00:00:00.5Z", "2020-01-01T00:00:00,500Z"]
TEXTS = ["", "a", "b", "B", "高松", "1", "true", "2020-02-30T00:00:00Z", *MOMENTS]
TEXTS += ["2020-01-02", "2021-01-01", "12:00:00Z", "12:00:00.0Z", "09:30:00Z", "urn:x:1", 'q"\\']
URIS = ["urn:x:1", "urn:x:2", VOCABULARY + "red"]

scalars = st.one_of(
    st.sampled_from([-1, 0, 1, 2, 1.5, 2.0, 1e20]), st.booleans(), st.sampled_from(TEXTS)
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["x", "y", "en"]), inner, min_size=1, max_size=2),
        inner.map(lambda value: {"@type": "Any", "@value": value}),
    ),
    max_leaves=4,
)
several_texts = st.one_of(st.sampled_from(TEXTS), st.lists(st.sampled_from(TEXTS), max_size=2))
kinds = st.one_of(
    values.map(lambda value: {"type": "Property", "value": value}),
    values.map(lambda value: {"type": "Property", "value": value}),
    st.one_of(values, st.none()).map(lambda value: {"type": "JsonProperty", "json": value}),
    st.one_of(st.sampled_from(URIS), st.lists(st.sampled_from(URIS), min_size=1, max_size=2)).map(
        lambda uri: {"type": "Relationship", "object": uri}
    ),
    st.dictionaries(st.sampled_from(["en", "ja", "@none"]), several_texts, max_size=2).map(
        lambda texts: {"type": "LanguageProperty", "languageMap": texts}
    ),
    st.one_of(st.sampled_from(URIS), st.lists(st.sampled_from(URIS), max_size=2)).map(
        lambda uri: {"type": "VocabProperty", "vocab": uri}
    ),
    st.lists(values, max_size=2).map(lambda held: {"type": "ListProperty", "valueList": held}),
    st.lists(st.sampled_from(URIS), max_size=2).map(
        lambda uris: {"type": "ListRelationship", "objectList": [{"object": u} for u in uris]}
    ),
)
members = st.fixed_dictionaries(
    {},
    optional={
        "observedAt": st.sampled_from(MOMENTS),
        "unitCode": st.sampled_from(["MTR", "CEL"]),
        "createdAt": st.just(MOMENTS[0]),
    },
)
plain = st.builds(lambda kind, more: kind | more, kinds, members)
instances = st.builds(
    lambda instance, below: instance | ({VOCABULARY + "s": below} if below else {}),
    plain,
    st.lists(plain, max_size=2),
)


@st.composite
def worlds(draw: st.DrawFn) -> list[Entity]:
    attributes = st.dictionaries(
        st.sampled_from([VOCABULARY + "a", VOCABULARY + "b"]),
        st.lists(instances, min_size=1, max_size=2),
        max_size=2,
    )
    times = st.sampled_from([*MOMENTS[:2], "2019-05-05T05:05:05Z"])
    return [
        Entity(
            id=f"urn:x:{number}",
            types=draw(st.sampled_from([[VOCABULARY + "A"], [VOCABULARY + "B"]])),
            attrs=draw(attributes),
            created_at=draw(times),
            expires_at=draw(st.none() | times),
        )
        for number in range(1, draw(st.integers(1, 3)) + 1)
    ]


Targets = Callable[[Entity], list[dict[str, Any]]]


def unwrap(value: Any) -> Any:
    return value["@value"] if isinstance(value, dict) and "@value" in value else value


def target_of(instance: dict[str, Any], steps: list[str]) -> list[dict[str, Any]]:
    if instance["type"] == "LanguageProperty":
        texts = instance["languageMap"]
        if steps and steps != ["*"]:
            if steps[0] not in texts or len(steps) > 1:
                return []
            texts = {steps[0]: texts[steps[0]]}
        flat: list[Any] = []
        for text in texts.values():
            flat += text if isinstance(text, list) else [text]
        return [{"all": flat, "parts": flat, "uri": False}]
    member = {
        "Property": "value",
        "JsonProperty": "json",
        "Relationship": "object",
        "VocabProperty": "vocab",
        "ListProperty": "valueList",
        "ListRelationship": "objectList",
    }[instance["type"]]
    value = instance[member]
    if member == "objectList":
        value = [item["object"] for item in value]
    for step in steps:
        if not isinstance(value, dict) or step not in value:
            return []
        value = value[step]
    parts = [unwrap(item) for item in value] if isinstance(value, list) else [unwrap(value)]
    is_uri = member in ("object", "objectList", "vocab")
    return [{"all": [unwrap(value)], "parts": parts, "uri": is_uri}]


def addressed(names: list[str], member: str | None, steps: list[str]) -> Targets:
    def targets(entity: Entity) -> list[dict[str, Any]]:
        found = [entity.attrs.get(VOCABULARY + names[0], [])]
        level = [instance for group in found for instance in group]
        for name in names[1:]:
            level = [low for high in level for low in high.get(VOCABULARY + name, [])]
        if member:
            held = [instance[member] for instance in level if member in instance]
            return [{"all": [value], "parts": [value], "uri": False} for value in held]
        return [target for instance in level for target in target_of(instance, steps)]

    return targets


def kind_and_order(value: Any, wanted: str) -> Any:
    """Return what orders a stored value among values of the wanted data type, else None."""
    if wanted == "number":
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return value if is_number else None
    if wanted == "boolean":
        return value if isinstance(value, bool) else None
    if not isinstance(value, str):
        return None
    if wanted == "text":
        return value
    shape = {
        "moment": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([.,]\d+)?Z",
        "day": r"\d{4}-\d\d-\d\d",
        "clock": r"\d\d:\d\d:\d\d([.,]\d+)?Z",
    }[wanted]
    if not re.fullmatch(shape, value) or value.startswith("2020-02-30"):
        return None
    dated = {"moment": "", "day": "", "clock": "2000-01-01T"}[wanted] + value.replace(",", ".")
    return datetime.fromisoformat(dated).timestamp() if wanted != "day" else value


@dataclass
class Literal:
    text: str
    kind: str
    value: Any

    def is_equal(self, stored: Any) -> bool:
        order = kind_and_order(stored, self.kind)
        return order is not None and order == kind_and_order(self.value, self.kind)

    def compare(self, sign: str, stored: Any) -> bool:
        order = kind_and_order(stored, self.kind)
        compare = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}[sign]
        return order is not None and bool(compare(order, kind_and_order(self.value, self.kind)))


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


numbers = st.sampled_from([-1, 0, 1, 2, 1.5]).map(lambda n: Literal(str(n), "number", n))
texts = st.sampled_from(TEXTS).map(lambda text: Literal(quoted(text), "text", text))
uris = st.sampled_from(URIS).map(lambda uri: Literal(uri, "text", uri))
booleans = st.booleans().map(lambda flag: Literal(str(flag).lower(), "boolean", flag))
moments = st.sampled_from(MOMENTS).map(lambda text: Literal(text.replace(",", "."), "moment", text))
days = st.sampled_from(["2020-01-02", "2021-01-01"]).map(lambda text: Literal(text, "day", text))
clocks = st.just(Literal("12:00:00Z", "clock", "12:00:00Z"))
ordered = st.one_of(numbers, texts, moments, days, clocks)


@dataclass
class Term:
    text: str
    holds: Callable[[Entity], bool]


@st.composite
def paths(draw: st.DrawFn) -> tuple[str, Targets]:
    names = draw(st.sampled_from([["a"], ["a"], ["b"], ["a", "s"]]))
    text = ".".join(names)
    tail = draw(st.sampled_from(["", "", "", "[x]", "[en]", "[*]", "[x.y]", ".observedAt"]))
    if tail.startswith("."):
        return text + tail, addressed(names, tail[1:], [])
    return text + tail, addressed(names, None, tail.strip("[]").split(".") if tail else [])


@st.composite
def conditions(draw: st.DrawFn) -> Term:
    path, targets = draw(paths())
    is_time = path.endswith("observedAt")
    shape = draw(st.sampled_from(["exists", "absent", "list", "range", "order", "pattern"]))
    if shape == "exists":
        return Term(path, lambda entity: bool(targets(entity)))
    if shape == "absent":
        return Term("!" + path, lambda entity: not targets(entity))
    if shape == "order":
        sign, literal = draw(st.sampled_from([">", ">=", "<", "<="])), draw(ordered)
        if is_time:
            literal = draw(moments)
        return Term(
            f"{path}{sign}{literal.text}",
            lambda entity: any(
                not target["uri"] and any(literal.compare(sign, one) for one in target["all"])
                for target in targets(entity)
            ),
        )
    if shape == "pattern":
        sign = draw(st.sampled_from(["~=", "!~="]))
        pattern = draw(st.sampled_from(["^a", "[ab]", "^.$", "高.*", "^$", "0{2}", "(?i)B|T"]))

        def is_of_pattern(entity: Entity) -> bool:
            for target in targets(entity):
                strings = [one for one in target["all"] if isinstance(one, str)]
                if target["uri"] or not strings:
                    continue
                if any(re.search(pattern, one) for one in strings) == (sign == "~="):
                    return True
            return False

        return Term(f"{path}{sign}{quoted(pattern)}", is_of_pattern)
    sign = draw(st.sampled_from(["==", "!="]))
    if shape == "range":
        low, high = draw(st.one_of(*(st.tuples(kind, kind) for kind in (numbers, texts, moments))))
        if is_time:
            low, high = draw(st.tuples(moments, moments))

        def is_within(target: dict[str, Any]) -> bool:
            return not target["uri"] and any(
                low.compare(">=", one) and high.compare("<=", one) for one in target["all"]
            )

        return Term(
            f"{path}{sign}{low.text}..{high.text}",
            lambda entity: any(is_within(one) == (sign == "==") for one in targets(entity)),
        )
    wanted = draw(st.lists(st.one_of(ordered, booleans, uris), min_size=1, max_size=2))
    if is_time:
        wanted = [draw(moments)]

    def has_one(target: dict[str, Any]) -> bool:
        return any(literal.is_equal(part) for literal in wanted for part in target["parts"])

    return Term(
        f"{path}{sign}{','.join(literal.text for literal in wanted)}",
        lambda entity: any(has_one(one) == (sign == "==") for one in targets(entity)),
    )


@st.composite
def entity_times(draw: st.DrawFn) -> Term:
    name, attribute = draw(
        st.sampled_from([("createdAt", "created_at"), ("expiresAt", "expires_at")])
    )
    sign = draw(st.sampled_from([">", "<=", "==", "!=", ""]))
    literal = draw(moments)
    quote = draw(st.sampled_from(["", '"']))

    def holds(entity: Entity) -> bool:
        stored = getattr(entity, attribute)
        if stored is None:
            return False
        if sign in ("==", "!=", ""):
            return not sign or literal.is_equal(stored) == (sign == "==")
        return literal.compare(sign, stored)

    return Term(f"{name}{sign}{quote}{literal.text}{quote}" if sign else name, holds)


def linked(term: Term) -> Term:
    """`b{…}`: an entity that the relationship b leads to fulfils the term."""

    def holds(entity: Entity) -> bool:
        ids: set[str] = set()
        for instance in entity.attrs.get(VOCABULARY + "b", []):
            held = instance.get("object", [])
            ids |= {held} if isinstance(held, str) else set(held)
            ids |= {item["object"] for item in instance.get("objectList", [])}
        return any(term.holds(BY_ID[found]) for found in ids if found in BY_ID)

    split = re.match(r"(!?)([\w.\[\]*]+)(.*)", term.text, re.DOTALL)
    assert split
    if split[1]:  # no such entity, or none that has it
        positive = linked(Term(split[2], lambda entity: not term.holds(entity)))
        return Term(f"!b{{{split[2]}}}", lambda entity: not positive.holds(entity))
    return Term(f"b{{{split[2]}}}{split[3]}", holds)


#: The entities of the example at hand by id, for terms about linked ones.
BY_ID: dict[str, Entity] = {}


def joined(terms: list[Term], sign: str) -> Term:
    text = sign.join(f"({term.text})" for term in terms)
    if sign == ";":
        return Term(text, lambda entity: all(term.holds(entity) for term in terms))
    return Term(text, lambda entity: any(term.holds(entity) for term in terms))


simple = st.one_of(conditions(), conditions(), entity_times(), conditions().map(linked))
queries = st.recursive(
    simple,
    lambda inner: st.builds(
        joined, st.lists(inner, min_size=1, max_size=3), st.sampled_from([";", "|"])
    ),
    max_leaves=4,
)


def universe() -> list[Entity]:
    """Return an entity for each kind of attribute with each value, and for pairs of instances.

    Of random entities few hold what a random query asks for; here something always does.
    """
    ones = [-1, 0, 1, 2, 1.5, 2.0, 1e20, True, False, *TEXTS, *URIS]
    held: list[Any] = [*ones, [], {}, [[1]]]
    for one, other in zip(ones, [*ones[5:], *ones[:5]], strict=True):
        typed = {"@type": "Any", "@value": one}
        held += [[one], [one, other], {"x": one}, {"x": [one, other]}, {"x": {"y": one}}, typed]
        held += [[typed], {"x": typed}, {"en": one}]
    found = [{"type": "Property", "value": value} for value in held]
    found += [{"type": "JsonProperty", "json": value} for value in [None, *held[::3]]]
    found += [{"type": "ListProperty", "valueList": [one, -1]} for one in ones]
    found += [{"type": "Relationship", "object": value} for value in [*URIS, URIS[:2]]]
    found += [{"type": "VocabProperty", "vocab": value} for value in [*URIS, URIS[1:]]]
    found += [
        {"type": "ListRelationship", "objectList": [{"object": uri} for uri in uris]}
        for uris in ([], URIS[:1], URIS)
    ]
    for text, other in zip(TEXTS, reversed(TEXTS), strict=True):
        for texts in ({"en": text}, {"ja": [text, other]}, {"en": other, "@none": [text]}):
            found.append({"type": "LanguageProperty", "languageMap": texts})
    below = [instance | {VOCABULARY + "s": [instance]} for instance in found]
    timed = [
        {"type": "Property", "value": 0, "observedAt": moment, "createdAt": MOMENTS[0]}
        for moment in [*MOMENTS, "2019-01-01T00:00:00Z"]
    ]
    groups = [[instance] for instance in [*below, *timed]]
    groups += [[one, other] for one, other in zip(below, [*below[7:], *below[:7]], strict=True)]
    return [
        Entity(
            f"urn:u:{number}",
            [VOCABULARY + "AB"[number % 2]],
            {
                VOCABULARY + "a": group,
                VOCABULARY + "b": [{"type": "Relationship", "object": f"urn:u:{number // 2}"}],
            },
            created_at=[*MOMENTS[:2], "2021-05-05T05:05:05Z"][number % 3],
            expires_at=[None, MOMENTS[0]][number % 2],
        )
        for number, group in enumerate(groups)
    ]
