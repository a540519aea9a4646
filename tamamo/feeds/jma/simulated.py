"""Telegrams as JMA writes them, made by us and marked as such (模擬), for the demo and for drills.

They are read by the same reader as the real ones, which finds the mark in the office's name:
every entity made of one is `simulated`, with （模擬） in its name. Names are the caller's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from lxml import etree

from tamamo.feeds.readers.jma_xml import SIMULATED_OFFICE
from tamamo.kernel.time import JST, to_text
from tamamo.kernel.towns.code import PREFECTURES

_REPORT: Final = "http://xml.kishou.go.jp/jmaxml1/"
_HEAD: Final = "http://xml.kishou.go.jp/jmaxml1/informationBasis1/"
_BODY: Final = "http://xml.kishou.go.jp/jmaxml1/body/meteorology1/"
_TYPE: Final = "気象警報・注意報（市町村等）"
_PREFECTURE_TYPE: Final = "気象警報・注意報（府県予報区等）"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of warning: name as a telegram has it, and its code (警報等情報要素)."""

    name: str
    code: str


@dataclass(frozen=True, slots=True)
class Place:
    """An area: JMA's code (7 digits for a municipality) and its name."""

    code: str
    name: str


def telegram(
    at: datetime,
    phenomenon: str,
    now: Mapping[Place, Sequence[Kind]],
    before: Mapping[Place, Sequence[Kind]] | None = None,
    *,
    headline: str,
    drill: bool = False,
    info: str = "発表",
) -> bytes:
    """Return a warnings telegram in the style of 2026 (Ｒ０６) about one phenomenon.

    at: its ReportDateTime. phenomenon: 大雨, 土砂災害, 高潮, 暴風, …; telegrams of one follow one
    another. now: what is in force in each municipality; before: what was, for 継続 and 解除.
    drill: a 訓練 telegram, which only a drill's tenant takes for what happens. info: 発表, 訂正 or
    取消.
    """
    before = before or {}
    places = [*dict.fromkeys([*now, *before])]
    prefecture = PREFECTURES[int(places[0].code[:2]) - 1] if places else ""
    root = etree.Element(f"{{{_REPORT}}}Report", nsmap={None: _REPORT})
    control = etree.SubElement(root, f"{{{_REPORT}}}Control")
    _texts(
        control, _REPORT, Title=f"気象警報・注意報（Ｒ０６）（{phenomenon}）", DateTime=to_text(at),
        Status="訓練" if drill else "通常", EditorialOffice=SIMULATED_OFFICE,
        PublishingOffice=SIMULATED_OFFICE,
    )  # fmt: skip
    head = etree.SubElement(root, f"{{{_HEAD}}}Head", nsmap={None: _HEAD})
    local = at.astimezone(JST).isoformat(timespec="seconds")
    _texts(
        head, _HEAD, Title=f"【模擬】{prefecture}{phenomenon}警報・注意報", ReportDateTime=local,
        TargetDateTime=local, EventID="", InfoType=info, Serial="",
        InfoKind="気象警報・注意報", InfoKindVersion="1.5_0",
    )  # fmt: skip
    _texts(etree.SubElement(head, f"{{{_HEAD}}}Headline"), _HEAD, Text=f"【模擬】{headline}")
    body = etree.SubElement(root, f"{{{_BODY}}}Body", nsmap={None: _BODY})
    if info != "取消":
        _warning(body, _TYPE, {place: now.get(place, ()) for place in places}, before)
        whole = Place(places[0].code[:2] + "0000", prefecture) if places else Place("", "")
        _warning(body, _PREFECTURE_TYPE, {whole: _all(now)}, {whole: _all(before)})
    body_text: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return body_text


def _all(said: Mapping[Place, Sequence[Kind]]) -> list[Kind]:
    return [*dict.fromkeys(kind for kinds in said.values() for kind in kinds)]


def _warning(
    body: etree._Element,
    kind_of_area: str,
    now: Mapping[Place, Sequence[Kind]],
    before: Mapping[Place, Sequence[Kind]],
) -> None:
    warning = etree.SubElement(body, f"{{{_BODY}}}Warning", type=kind_of_area)
    for place, kinds in now.items():
        item = etree.SubElement(warning, f"{{{_BODY}}}Item")
        was = before.get(place, ())
        said = [(kind, "継続" if kind in was else "発表") for kind in kinds]
        said += [(kind, "解除") for kind in was if kind not in kinds and not kinds]
        for kind, status in said:
            element = etree.SubElement(item, f"{{{_BODY}}}Kind")
            _texts(element, _BODY, Name=kind.name, Code=kind.code, Status=status)
        if not said:
            nothing = etree.SubElement(item, f"{{{_BODY}}}Kind")
            _texts(nothing, _BODY, Status="発表警報・注意報はなし")
        _texts(etree.SubElement(item, f"{{{_BODY}}}Area"), _BODY, Name=place.name, Code=place.code)


def _texts(parent: etree._Element, namespace: str, **words: str) -> None:
    for name, word in words.items():
        etree.SubElement(parent, f"{{{namespace}}}{name}").text = word
