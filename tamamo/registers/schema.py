"""A register's form as JSON Schema 2020-12, and its refusals in words that name the field."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import pairwise
from typing import Any, Final

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from tamamo.registers.declaration import Column, Register
from tamamo.registers.errors import FieldError

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_LONG, _SHORT = 20_000, 500
#: What follows from the kind of a column.
_OF_KIND: Final[dict[str, dict[str, Any]]] = {
    "text": {"type": "string", "maxLength": _SHORT},
    "paragraph": {"type": "string", "maxLength": _LONG},
    "phone": {"type": "string", "pattern": r"^[0-9+()\-−ー .,、・内線代表/ext]{2,60}$"},
    "url": {"type": "string", "pattern": r"^https?://\S+$", "maxLength": 2000},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "choice": {"type": "string"},
    "choices": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
    "date": {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
    "time": {"type": "string", "pattern": r"^[0-2]\d:[0-5]\d$"},
    "moment": {"type": "string", "format": "date-time"},
    "point": {
        "type": "object",
        "required": ["longitude", "latitude"],
        "properties": {
            "longitude": {"type": "number", "minimum": -180, "maximum": 180},
            "latitude": {"type": "number", "minimum": -90, "maximum": 90},
        },
    },
}


@cache
def schema_of(register: Register) -> dict[str, Any]:
    """Return the whole JSON Schema: what is declared and what follows from the columns."""
    form = register.declaration.form
    declared = form.get("properties", {})
    properties = {
        column.name: {
            **_of_column(column),
            **declared.get(column.name, {}),
            "title": column.label.ja,
        }
        for column in register.form
    }
    return {"$schema": _DIALECT, "type": "object", **form, "properties": properties}


def _of_column(column: Column) -> dict[str, Any]:
    schema = dict(_OF_KIND[column.kind])
    values = [choice.value for choice in column.choices]
    if column.kind == "choice":
        schema["enum"] = values
    if column.kind == "choices":
        schema["items"] = {"type": "string", "enum": values}
    return schema


def _rising(_validator: Any, groups: Any, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    """`x-rising`: of each list of fields, those that are set grow from one to the next."""
    for names in groups if isinstance(instance, dict) else ():
        there = [(name, instance[name]) for name in names if instance.get(name) is not None]
        for (low, less), (high, more) in pairwise(there):
            if not less < more:
                yield ValidationError(
                    f"{high} is not above {low}",
                    validator="x-rising",
                    path=[high],
                    validator_value=low,
                    instance=(less, more),
                )


_extend: Callable[..., Any] = extend  # its types are not told
_Validator: Final = _extend(Draft202012Validator, {"x-rising": _rising})


@cache
def _validator(register: Register) -> Any:
    return _Validator(schema_of(register), format_checker=FormatChecker())


def is_required(register: Register, name: str) -> bool:
    """Whether a record must have this field."""
    return name in register.declaration.form.get("required", ())


def validate(
    register: Register, values: Mapping[str, Any], only: frozenset[str] | None = None
) -> list[FieldError]:
    """Return what is wrong with the values of a record's form; None stands for nothing there.

    only: fields that somebody is changing. What else was wrong before is not held against them,
    but a rule that ties a changed field to another is.
    """
    there = {name: value for name, value in values.items() if value is not None}
    found: dict[tuple[str, str], FieldError] = {}
    for error in _validator(register).iter_errors(there):
        one, concerned = _explain(register, error)
        if only is None or only & concerned:
            found.setdefault((one.field, one.code), one)
    order = {column.name: place for place, column in enumerate(register.form)}
    return sorted(found.values(), key=lambda one: order.get(one.field, -1))


def _explain(register: Register, error: ValidationError) -> tuple[FieldError, frozenset[str]]:
    if error.validator == "required":
        # One error stands for each missing member: its message begins with the name.
        wanted: Any = error.validator_value
        name = next(one for one in wanted if error.message.startswith(repr(one)))
        if error.absolute_path:
            name = str(error.absolute_path[0])
        label = register.column(name).label
        ja, en = f"{label.ja}：入力してください", f"{label.en}: this is required"
        return FieldError(name, "required", ja, en), frozenset({name})
    name = str(error.absolute_path[0]) if error.absolute_path else ""
    if name not in register.by_name:
        ja, en = f"記録全体：{error.message}", f"The record: {error.message}"
        return FieldError("", str(error.validator), ja, en), frozenset(register.by_name)
    label = register.column(name).label
    ja, en = _sentence(register, register.column(name), error)
    concerned = {name}
    if error.validator == "x-rising":
        concerned.add(str(error.validator_value))
    text = FieldError(name, str(error.validator), f"{label.ja}：{ja}", f"{label.en}: {en}")
    return text, frozenset(concerned)


_Words = Callable[[Any], tuple[str, str]]
_SENTENCES: Final[dict[str, _Words]] = {
    "minimum": lambda limit: (f"{limit} 以上にしてください", f"must be {limit} or more"),
    "maximum": lambda limit: (f"{limit} 以下にしてください", f"must be {limit} or less"),
    "exclusiveMinimum": lambda v: (f"{v} より大きくしてください", f"must be more than {v}"),
    "exclusiveMaximum": lambda v: (f"{v} より小さくしてください", f"must be less than {v}"),
    "multipleOf": lambda step: (f"{step} の倍数にしてください", f"must be a multiple of {step}"),
    "minLength": lambda n: (f"{n} 文字以上で入力してください", f"must have {n} characters or more"),
    "maxLength": lambda n: (f"{n} 文字までです", f"at most {n} characters"),
    "minItems": lambda n: (f"{n} 個以上選んでください", f"choose {n} or more"),
    "maxItems": lambda n: (f"{n} 個までです", f"at most {n} may be chosen"),
    "uniqueItems": lambda _: ("同じ値が二つあります", "the same value stands twice"),
    "pattern": lambda _: ("形式が正しくありません", "does not have the right form"),
    "format": lambda _: ("形式が正しくありません", "does not have the right form"),
    "enum": lambda _: ("選択肢にない値です", "is none of the choices"),
    "const": lambda v: (f"{v} にしてください", f"must be {v}"),
}
_TYPES: Final = {
    "string": ("文字で入力してください", "must be text"),
    "integer": ("整数で入力してください", "must be a whole number"),
    "number": ("数値で入力してください", "must be a number"),
    "boolean": ("はい・いいえで入力してください", "must be yes or no"),
    "array": ("一覧で入力してください", "must be a list"),
    "object": ("緯度と経度を入力してください", "needs latitude and longitude"),
}


def _sentence(register: Register, column: Column, error: ValidationError) -> tuple[str, str]:
    value = error.validator_value
    if error.validator == "x-rising":
        compared: Any = error.instance
        below, (less, more) = register.column(str(value)).label, compared
        ja = f"{below.ja}（{less}）より大きくしてください（いま {more}）"
        return ja, f"must be above {below.en} ({less}), but is {more}"
    if error.validator == "type":
        return _TYPES.get(str(value), ("種類が違います", "is of the wrong kind"))
    words = _SENTENCES.get(str(error.validator))
    if words is not None:
        return words(value)
    return "正しくありません", f"is not right ({error.message[:200]})"
