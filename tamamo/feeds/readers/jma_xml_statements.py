"""What the body of each family of JMA telegrams says of areas and kinds."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any, Final

from tamamo.feeds.readers.jma_xml_parts import (
    AreaKind,
    Family,
    Statement,
    Status,
    child,
    children,
    fold,
    level_of,
    moment,
    text,
)
from tamamo.kernel.time import JST

#: 情報を発表する地域の区分, as it stands in brackets in Warning/@type.
_AREA_KINDS: Final[tuple[tuple[str, AreaKind], ...]] = (
    ("府県予報区等", "prefecture"),
    ("一次細分区域等", "part"),
    ("発表細分", "part"),
    ("市町村等をまとめた地域等", "district"),
    ("市町村等", "municipality"),
    ("高潮予報区間", "section"),
    ("土砂災害警戒情報", "municipality"),
)
#: 津波予報要素: the first word of 大津波警報 has a code of its own.
_TSUNAMI_FIRST: Final = {"53": "52"}
#: 気象庁防災情報XML: 警報等情報要素／津波警報・注意報・予報. Below it is no warning in force.
_TSUNAMI_NONE: Final = frozenset({"00", "50", "60"})
#: Heat alerts are issued about 17:00 for the next day and about 05:00 for the same.
_HEAT_EVENING: Final = 12


def statements(root: Any, family: Family) -> Iterator[Statement]:
    """Yield what a telegram says, in its order. Raises UnreadableTelegram."""
    return _READERS[family](root)


def _warnings(root: Any) -> Iterator[Statement]:
    """Yield what the bodies of weather, tornado and record rain telegrams say.

    Each telegram says everything that is in force for its prefecture, and what it lifts.
    """
    head = child(root, "Head")
    ends = moment(head, "ValidDateTime") if text(head, "ValidDateTime") else None
    for warning in children(root, "Body", "Warning"):
        kind_of_area = _area_kind(warning.get("type", ""))
        if kind_of_area is None:
            continue
        for item in children(warning, "Item"):
            code, name = text(item, "Area", "Code"), text(item, "Area", "Name")
            for kind in children(item, "Kind"):
                status = _status(text(kind, "Status"), text(kind, "Code"))
                if status is None or not code:
                    continue
                said = text(kind, "Name")
                condition = text(kind, "Condition")
                yield Statement(
                    kind_of_area, code, name, text(kind, "Code"),
                    f"{said}（{condition}）" if condition else said, status, level_of(said), ends,
                )  # fmt: skip


def _area_kind(words: str) -> AreaKind | None:
    inside = words[words.rfind("（") + 1 :].rstrip("）") if "（" in words else words
    return next((kind for word, kind in _AREA_KINDS if inside == word), None)


def _status(words: str, code: str) -> Status | None:
    """Return the state; None where the telegram says that there is nothing, and was nothing."""
    if words == "解除":
        return "lifted" if code else None
    if words == "継続":
        return "continued"
    # "警報から注意報" and its like name a kind that begins with this telegram.
    if words == "発表" or "から" in words:
        return "issued"
    return None


def _landslide(root: Any) -> Iterator[Statement]:
    """Yield what 土砂災害警戒情報 says. Its code list has only 警戒 and 解除: the title names it.

    Since 2026 it is called, say, レベル４土砂災害危険警報. The level else stands in the headline.
    """
    head = child(root, "Head")
    area = text(root, "Body", "TargetArea", "Name")
    name = text(head, "Title").removeprefix(area) or text(root, "Control", "Title")
    level = level_of(name) or level_of(text(head, "Headline", "Text"))
    for said in _warnings(root):
        yield replace(
            said, name=name, kind_code="3", level=None if said.status == "lifted" else level
        )


def _river(root: Any) -> Iterator[Statement]:
    """Yield the one kind of a river flood forecast for each of its forecast areas.

    指定河川洪水予報 and, since 2026, 水位周知河川に関する情報.
    """
    head = child(root, "Head")
    level = level_of(text(head, "Headline", "Text"))
    prefectures, rivers = set(), []
    for information in children(head, "Headline", "Information"):
        which = information.get("type", "")
        for item in children(information, "Item"):
            areas = list(children(item, "Areas", "Area"))
            if "府県予報区等" in which:
                prefectures |= {text(area, "Code")[:2] for area in areas}
            elif "予報区域" in which or "発表区間" in which:
                rivers += [(child(item, "Kind"), area) for area in areas]
    cities = {(area.text or "").strip()[:5] for area in root.iterfind(".//{*}CityCode")}
    prefectures |= {city[:2] for city in cities}
    for kind, area in rivers:
        name, condition = text(kind, "Name"), text(kind, "Condition")
        lifted = "解除" in name or "解除" in condition
        yield Statement(
            "river", text(area, "Code"), text(area, "Name"), text(kind, "Code"), name,
            "lifted" if lifted else "issued", level_of(name) or (None if lifted else level),
            None, frozenset(prefectures), frozenset(cities),
        )  # fmt: skip


def _tsunami(root: Any) -> Iterator[Statement]:
    """Yield the kind of each 津波予報区. What is lifted is named by what it was before."""
    for item in children(root, "Body", "Tsunami", "Forecast", "Item"):
        kind, last = child(item, "Category", "Kind"), child(item, "Category", "LastKind")
        code, before = _tsunami_code(kind), _tsunami_code(last)
        area = (text(item, "Area", "Code"), text(item, "Area", "Name"))
        if code in _TSUNAMI_NONE:
            if before and before not in _TSUNAMI_NONE:
                yield Statement("coast", *area, before, text(last, "Name"), "lifted")
            continue
        status: Status = "continued" if before == code else "issued"
        yield Statement("coast", *area, code, text(kind, "Name"), status)


def _tsunami_code(kind: Any | None) -> str:
    code = text(kind, "Code") if kind is not None else ""
    return _TSUNAMI_FIRST.get(code, code)


def _heat(root: Any) -> Iterator[Statement]:
    """Yield the alert of a prefecture, which the telegram names in its title only.

    熱中症（特別）警戒アラート: plain text, in force on the day that it is about.
    """
    head = child(root, "Head")
    title, name = text(root, "Control", "Title"), text(head, "Title")
    prefecture = fold(name).removesuffix(fold(title))
    issued = moment(head, "ReportDateTime").astimezone(JST)
    day = issued.date() + timedelta(days=int(issued.hour >= _HEAT_EVENING))
    ends = datetime.combine(day + timedelta(days=1), time(), tzinfo=JST)
    serial = text(head, "Serial")
    status: Status = "continued" if serial.isdecimal() and int(serial) > 1 else "issued"
    yield Statement("prefecture", prefecture, prefecture, "1", title, status, None, ends)


_READERS: Final[dict[Family, Callable[[Any], Iterator[Statement]]]] = {
    "warnings": _warnings,
    "landslide": _landslide,
    "tornado": _warnings,
    "record_rain": _warnings,
    "river": _river,
    "tsunami": _tsunami,
    "heat": _heat,
}
