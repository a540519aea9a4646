"""Names of places and publishers in the language of the page.

A gauge's own English name comes with the data (`alternateName`). Towns and publishers that have
an established English name are listed here; every other name stays as its publisher writes it and
is marked as Japanese for screen readers.
"""

import re
from typing import Protocol

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

#: Kagawa's municipalities and the districts (郡) that addresses put before towns.
_TOWNS = {
    "高松市": "Takamatsu",
    "丸亀市": "Marugame",
    "坂出市": "Sakaide",
    "善通寺市": "Zentsuji",
    "観音寺市": "Kan-onji",
    "さぬき市": "Sanuki",
    "東かがわ市": "Higashikagawa",
    "三豊市": "Mitoyo",
    "土庄町": "Tonosho",
    "小豆島町": "Shodoshima",
    "三木町": "Miki",
    "直島町": "Naoshima",
    "宇多津町": "Utazu",
    "綾川町": "Ayagawa",
    "琴平町": "Kotohira",
    "多度津町": "Tadotsu",
    "まんのう町": "Manno",
}
_DISTRICT = re.compile(r"^(?:小豆|木田|香川|綾歌|仲多度)郡")
_RIVERS = {
    "香東川": "Koto River",
    "春日川": "Kasuga River",
    "新川": "Shin River",
    "吉田川": "Yoshida River",
    "詰田川": "Tsumeta River",
    "御坊川": "Gobo River",
    "杣場川": "Somaba River",
    "摺鉢谷川": "Suribachidani River",
    "本津川": "Honzu River",
    "古川": "Furu River",
    "牟礼川": "Mure River",
    "綾川": "Aya River",
    "富川": "Tomi River",
    "財田川": "Saita River",
    "柞田川": "Kunita River",
}
_PUBLISHERS = {
    "国土交通省 川の水位情報": "MLIT River Water Level Information",
    "Tamamo 模擬": "Tamamo simulator",
}
_ENGLISH = _TOWNS | _RIVERS | _PUBLISHERS
_JAPANESE = re.compile(r"[ぁ-ゖァ-ヺ一-鿿]")


class Named(Protocol):
    """Something with a name, and an English one where its publisher gives it."""

    @property
    def name(self) -> str:
        """The name as published."""

    @property
    def english(self) -> str:
        """The English name, "" without one."""


def _is_japanese() -> bool:
    return (get_language() or "ja").startswith("ja")


def local_name(item: Named) -> str:
    """Return a thing's name in the language of the page, as far as there is one."""
    return item.name if _is_japanese() else item.english or item.name


def local_text(text: str) -> str:
    """Return a town, river or publisher in the language of the page, as far as it is known."""
    return text if _is_japanese() else english(text)


def marked(text: str) -> str | SafeString:
    """Return a text with its language where that is not the page's."""
    if _is_japanese() or not _JAPANESE.search(text):
        return text
    return format_html('<span lang="ja">{}</span>', text)


def english(text: str) -> str:
    """Return a town, river or publisher in English, as far as it is known."""
    return _ENGLISH.get(_DISTRICT.sub("", text), text)
