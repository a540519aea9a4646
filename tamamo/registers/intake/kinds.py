"""The kinds of columns: how each is read, what it is called, what becomes of misfits."""

from collections.abc import Callable, Mapping
from typing import Final

from tamamo.registers.intake.lines import Cell
from tamamo.registers.intake.model import Bad, Kind
from tamamo.registers.intake.parse import codes, dates, numbers, places, texts, times
from tamamo.registers.intake.parse.marked import Parsed

Parser = Callable[[Cell, str], Parsed]

PARSERS: Final[Mapping[Kind, Parser]] = {
    "text": texts.text,
    "integer": numbers.integer,
    "number": numbers.number,
    "boolean": codes.boolean,
    "date": dates.day,
    "time": times.clock,
    "service_time": times.service,
    "moment": dates.moment,
    "year": dates.year,
    "month": dates.month,
    "code": codes.code,
    "url": codes.url,
    "phone": codes.phone,
    "latitude": places.latitude,
    "longitude": places.longitude,
    "point": places.point,
}
#: What is called how: Japanese, English.
NAMES: Final[Mapping[Kind, tuple[str, str]]] = {
    "text": ("文字", "text"),
    "integer": ("整数", "whole number"),
    "number": ("数", "number"),
    "boolean": ("有無（○×）", "mark for yes or no"),
    "date": ("日付", "date"),
    "time": ("時刻", "time"),
    "service_time": ("時刻（24時超）", "time beyond 24:00"),
    "moment": ("日時", "date and time"),
    "year": ("年", "year"),
    "month": ("年月", "month"),
    "code": ("コード", "code"),
    "url": ("URL", "web address"),
    "phone": ("電話番号", "telephone number"),
    "latitude": ("緯度", "latitude"),
    "longitude": ("経度", "longitude"),
    "point": ("緯度・経度", "latitude and longitude"),
}
#: A telephone number with a remark is worth more than none; a place on no map is no place.
BAD: Final[Mapping[Kind, Bad]] = {
    "code": "keep", "url": "keep", "phone": "keep",
    "latitude": "blank", "longitude": "blank", "point": "blank",
}  # fmt: skip
#: Values of these are texts whatever stands there: something that does not fit may be kept.
TEXTUAL: Final[frozenset[Kind]] = frozenset({"text", "code", "url", "phone"})


def bad_of(kind: Kind) -> Bad:
    """Return what is done, unless the officer says otherwise, with a value that does not fit."""
    return BAD.get(kind, "reject")
