"""What is wrong with a declaration: by the schema, then by what a schema cannot say."""

import math
import string
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import msgspec
import shapely

from tamamo.context.jsonld.resolve import default_map
from tamamo.context.query import q
from tamamo.kernel import geo
from tamamo.kernel.errors import Problem
from tamamo.rules.errors import Fault, RuleInvalid
from tamamo.rules.rule import Document, Rule, build, iri_of, seconds

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

#: What a text may have in braces.
PLACEHOLDERS: Final = frozenset({"name", "value", "threshold", "unit", "rule", "time"})
#: Conditions within conditions, and those that look at readings.
_DEEPEST, _MOST_LEAVES, _DEEPEST_JSON = 5, 16, 30
#: Conditions that stand on one side or the other, and the members that say which.
_SIDES: Final = {
    "threshold": ("at_least", "at_most"),
    "rate": ("rises", "falls"),
    "geofence": ("inside", "outside"),
}


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a rule, the same for `rules.toml` and for rules of staff."""
    found: dict[str, Any] = msgspec.json.decode(
        files(__package__).joinpath("schema.json").read_bytes()
    )
    return found


def parse(document: object, version: int = 0) -> Rule:
    """Return the rule of a declaration. Raises RuleInvalid naming every member at fault."""
    faults = faults_of(document)
    if faults:
        raise RuleInvalid(faults)
    assert isinstance(document, Mapping)
    return build(document, version)


def faults_of(document: object) -> list[Fault]:
    """Return what is wrong with a declaration, [] where nothing is."""
    faults = list(_unusable(document, (), 0))
    if not faults:
        faults = [_explained(error) for error in _validator().iter_errors(document)]
    if not faults:
        assert isinstance(document, Mapping)
        faults = list(_beyond_schema(document))
    return sorted(faults, key=lambda fault: fault.field)


def _unusable(value: object, path: tuple[str | int, ...], depth: int) -> Iterator[Fault]:
    """Yield what no member may be: endless nesting, no finite number, characters nobody sees."""
    if depth > _DEEPEST_JSON:
        yield Fault(_path(path[:3]), "入れ子が深すぎます。", "Nested too deep.")
        return
    if isinstance(value, float) and not math.isfinite(value):
        yield Fault(_path(path), "数ではありません。", "This is no number.")
    elif isinstance(value, str) and not value.isprintable():
        yield Fault(_path(path), "見えない文字があります。", "It has characters nobody can see.")
    elif isinstance(value, Mapping):
        for name, member in value.items():
            yield from _unusable(name, path, depth)
            yield from _unusable(member, (*path, str(name)), depth + 1)
    elif isinstance(value, list | tuple):
        for index, member in enumerate(value):
            yield from _unusable(member, (*path, index), depth + 1)


@cache
def _validator() -> Any:
    # Only where somebody writes a rule: whoever evaluates does not pay its memory.
    from jsonschema import Draft202012Validator  # noqa: PLC0415

    return Draft202012Validator(schema())


def _path(parts: Iterable[str | int]) -> str:
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _explained(error: "ValidationError") -> Fault:
    field = _path(error.absolute_path)
    wanted: Any = error.validator_value
    if error.validator == "required":
        name = next(one for one in wanted if error.message.startswith(repr(one)))
        field = f"{field}.{name}" if field else name
        return Fault(field, "入力が必要です。", "This is needed.")
    if error.validator == "additionalProperties":
        return Fault(field, f"知らない項目があります：{error.message}", error.message)
    say = _WORDS.get(str(error.validator))
    if say is None:
        return Fault(field, f"正しくありません：{error.message}", error.message)
    ja, en = say(wanted)
    return Fault(field, ja, en)


_WORDS: Final[dict[str, Callable[[Any], tuple[str, str]]]] = {
    "type": lambda w: (f"種類が違います（{_kinds(w, 'ja')}）。", f"Expected {_kinds(w, 'en')}."),
    "enum": lambda w: (f"次のどれかです：{'、'.join(w)}", f"One of: {', '.join(w)}"),
    "pattern": lambda w: (f"書き方が違います（{w}）。", f"Not written as it should be ({w})."),
    "minimum": lambda w: (f"{w}以上にしてください。", f"At least {w}."),
    "maximum": lambda w: (f"{w}以下にしてください。", f"At most {w}."),
    "exclusiveMinimum": lambda w: (f"{w}より大きくしてください。", f"More than {w}."),
    "minLength": lambda w: ("空です。", "This is empty."),
    "maxLength": lambda w: (f"{w}文字までです。", f"At most {w} characters."),
    "minItems": lambda w: (f"{w}個以上必要です。", f"At least {w} of them."),
    "maxItems": lambda w: (f"{w}個までです。", f"At most {w} of them."),
    "uniqueItems": lambda w: ("同じものがあります。", "The same stands there twice."),
    "minProperties": lambda w: ("ひとつ選んでください。", "Exactly one is needed."),
    "maxProperties": lambda w: ("ひとつだけにしてください。", "Exactly one, not several."),
}  # fmt: skip
_KINDS: Final = {
    "object": ("項目の組", "a table"), "array": ("並び", "a list"), "string": ("文字", "a text"),
    "number": ("数", "a number"), "boolean": ("はい・いいえ", "true or false"),
}  # fmt: skip


def _kinds(wanted: str | list[str], language: str) -> str:
    names = [wanted] if isinstance(wanted, str) else wanted
    words = [_KINDS[name][0 if language == "ja" else 1] for name in names]
    return ("または" if language == "ja" else " or ").join(words)


def _beyond_schema(document: Document) -> Iterator[Fault]:
    yield from _of_subject(document["subject"], "subject")
    leaves = yield from _of_condition(document["condition"], "condition", 1)
    if leaves > _MOST_LEAVES:
        ja, en = f"条件は{_MOST_LEAVES}個までです。", f"At most {_MOST_LEAVES} conditions."
        yield Fault("condition", ja, en)
    if not _is_of_its_own(document["condition"]):
        ja = "対象自身の条件も必要です（ほかのものだけなら、それを対象にします）。"
        yield Fault("condition", ja, "A condition on the subject itself is needed, too.")
    for name, text in document.get("timing", {}).items():
        if name != "no_data_always":
            yield from _of_duration(text, f"timing.{name}", positive=name == "no_data")
    for language, text in document["text"].items():
        yield from _of_text(text, f"text.{language}")


def _is_of_its_own(condition: Document) -> bool:
    """Whether a condition says something of the subject itself."""
    ((kind, given),) = condition.items()
    if kind == "not":
        return _is_of_its_own(given)
    if kind in ("all", "any"):
        return any(map(_is_of_its_own, given))
    return kind != "elsewhere"


def _of_subject(subject: Document, field: str) -> Iterator[Fault]:
    if iri_of(subject["type"]) == iri_of("Alert"):
        ja, en = "警報そのものは対象にできません。", "Alerts cannot be the subject."
        yield Fault(f"{field}.type", ja, en)
    if "where" in subject:
        try:
            tree = q.parse(subject["where"], default_map().terms, field=f"{field}.where")
            if q.link_depth(tree):
                ja, en = "ほかのものへの関係はたどれません。", "Relationships cannot be followed."
                yield Fault(f"{field}.where", ja, en)
        except Problem as problem:
            yield Fault(f"{field}.where", f"条件式が読めません：{problem.detail}", problem.detail)
    if "polygon" in subject.get("place", {}):
        yield from _of_polygon(subject["place"]["polygon"], "subject.place.polygon")
    for name, day in subject.get("season", {}).items():
        try:
            date.fromisoformat(f"2024-{day}")
        except ValueError:
            yield Fault(f"subject.season.{name}", "この日はありません。", "There is no such day.")


def _of_condition(document: Document, field: str, depth: int) -> Generator[Fault, None, int]:
    """Yield the faults of a condition; return how many leaves it has."""
    ((kind, given),) = document.items()
    field = f"{field}.{kind}"
    if depth > _DEEPEST:
        yield Fault(field, f"入れ子は{_DEEPEST}段までです。", f"At most {_DEEPEST} levels deep.")
        return 0
    if kind in ("all", "any"):
        leaves = 0
        for index, part in enumerate(given):
            leaves += yield from _of_condition(part, f"{field}[{index}]", depth + 1)
        return leaves
    if kind == "not":
        return (yield from _of_condition(given, field, depth + 1))
    if kind in _SIDES:
        there = [side for side in _SIDES[kind] if side in given]
        if len(there) != 1:
            names = " / ".join(_SIDES[kind])
            yield Fault(field, f"{names}のどちらかひとつが必要です。", f"Exactly one of {names}.")
            return 1
    if kind == "elsewhere":
        yield from _of_subject(given, field)
        yield from _of_duration(given.get("fresh", "PT1H"), f"{field}.fresh", positive=True)
        return (yield from _of_condition(given["condition"], f"{field}.condition", depth + 1))
    yield from _OF_LEAF[kind](given, field)
    return 1


def _of_threshold(given: Document, field: str) -> Iterator[Fault]:
    if "clear" in given and "clear_by" in given:
        ja, en = "clear と clear_by は片方だけです。", "Either clear or clear_by, not both."
        yield Fault(f"{field}.clear_by", ja, en)
    bound, clear = given.get("at_least", given.get("at_most")), given.get("clear")
    if isinstance(bound, int | float) and isinstance(clear, int | float):
        low, high = (clear, bound) if "at_least" in given else (bound, clear)
        if low > high:
            ja, en = "解除の値が発報の値を越えています。", "It would clear before it fires."
            yield Fault(f"{field}.clear", ja, en)


def _of_rate(given: Document, field: str) -> Iterator[Fault]:
    yield from _of_duration(given["window"], f"{field}.window", positive=True)
    per_hour = given.get("rises", given.get("falls"))
    if given.get("clear_by", 0) > per_hour:
        ja, en = "clear_by が変化の速さを越えています。", "clear_by is more than the rate itself."
        yield Fault(f"{field}.clear_by", ja, en)


def _of_silence(given: Document, field: str) -> Iterator[Fault]:
    yield from _of_duration(given["after"], f"{field}.after", positive=True)


def _of_geofence(given: Document, field: str) -> Iterator[Fault]:
    side = "inside" if "inside" in given else "outside"
    yield from _of_polygon(given[side]["polygon"], f"{field}.{side}.polygon")


def _of_is(_given: Document, _field: str) -> Iterator[Fault]:
    return iter(())


_OF_LEAF: Final[dict[str, Callable[[Document, str], Iterator[Fault]]]] = {
    "threshold": _of_threshold,
    "rate": _of_rate,
    "silence": _of_silence,
    "geofence": _of_geofence,
    "is": _of_is,
}


def _of_duration(text: str, field: str, *, positive: bool) -> Iterator[Fault]:
    length = seconds(text)
    if positive and not length:
        yield Fault(field, "0より長くしてください。", "Longer than nothing.")
    if length > 366 * 86_400:
        yield Fault(field, "1年までです。", "At most a year.")


def _of_polygon(positions: list[list[float]], field: str) -> Iterator[Fault]:
    closed = positions if positions[0] == positions[-1] else [*positions, positions[0]]
    if all(one == two for one, two in pairwise(positions)):
        yield Fault(field, "点が全部同じです。", "All positions are the same.")
        return
    try:
        geo.check({"type": "Polygon", "coordinates": [closed]})
    except (geo.BadGeometry, shapely.errors.ShapelyError) as error:
        yield Fault(field, f"形が正しくありません：{error}", str(error))


def _of_text(text: str, field: str) -> Iterator[Fault]:
    try:
        names = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
        formats = any(form or turn for _, _, form, turn in string.Formatter().parse(text))
    except ValueError as error:
        yield Fault(field, f"括弧が合いません：{error}", str(error))
        return
    unknown = sorted(names - PLACEHOLDERS)
    if unknown or formats:
        known = ", ".join(f"{{{name}}}" for name in sorted(PLACEHOLDERS))
        ja, en = f"使えるのは {known} だけです。", f"Only these may stand in braces: {known}."
        yield Fault(field, ja, en)
