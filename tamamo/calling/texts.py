"""What calls say. In both languages: a message is in that of whoever is called."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tamamo.calling.matching import rank

_SEVERITY: Final = {
    "informational": {"ja": "参考", "en": "Information"},
    "low": {"ja": "低", "en": "Low"},
    "medium": {"ja": "中", "en": "Medium"},
    "high": {"ja": "高", "en": "High"},
    "critical": {"ja": "緊急", "en": "Critical"},
}
_TEST: Final = {
    "ja": "連絡先の試験です。実際には何も起きていません。\n\n"
    "リンクを開いてボタンを押すと、届いたことが記録されます。",
    "en": "This is a test of how you are reached. Nothing has happened.\n\n"
    "Open the link and press the button, so that it is noted that this has reached you.",
}
#: Alerts named in a message; of more only the number.
_NAMED: Final = 10
#: Characters of one of them: a station's name is as long as its sender likes, a message is not.
_LONGEST_LINE: Final = 500


@dataclass(frozen=True, slots=True)
class Told:
    """An alert as it is told. text: by language."""

    severity: str
    text: Mapping[str, str]

    def said(self, language: str) -> str:
        """Return what it says in a language."""
        return self.text.get(language) or self.text.get("ja") or ""


@dataclass(frozen=True, slots=True)
class Text:
    """Subject and text of a message."""

    subject: str
    text: str


def severity(name: str, language: str) -> str:
    """Return the word for a severity."""
    return _SEVERITY.get(name, {}).get(language, name)


def calling(alerts: Sequence[Told], town: str, language: str, *, test: bool = False) -> Text:
    """Return what somebody is told who is called. The link to answer follows the text."""
    first, more = _first(alerts)
    grave = severity(first.severity, language)
    if language == "en":
        head = f"[{grave}] {first.said(language)}" + (f" and {more} more" if more else "")
        ask = "Please answer: open the link and press the button. Others are called until you do."
        lines = [f"{town} calls you.", "", *_lines(alerts, language), "", ask]
    else:
        head = f"【{grave}】{first.said(language)}" + (f" ほか{more}件" if more else "")
        ask = "応答してください。リンクを開いてボタンを押すまで、次の人にも連絡します。"
        lines = [f"{town}からの呼出しです。", "", *_lines(alerts, language), "", ask]
    if test:
        head = f"[Test] {town}" if language == "en" else f"【試験】{town} 呼出しの試験"
        lines = [_TEST["en" if language == "en" else "ja"]]
    return Text(_cut(head), "\n".join(lines))


def taken(alerts: Sequence[Told], town: str, language: str) -> Text:
    """Return what the others are told once somebody has answered."""
    first, more = _first(alerts)
    if language == "en":
        head = f"Taken: {first.said(language)}" + (f" and {more} more" if more else "")
        return Text(_cut(head), f"{town}: somebody has answered. You need not answer any more.")
    head = f"対応者が決まりました: {first.said(language)}" + (f" ほか{more}件" if more else "")
    return Text(_cut(head), f"{town}: 対応者が決まりました。応答は不要です。")


def joined(alert: Told, town: str, language: str) -> Text:
    """Return what whoever has answered is told of a further alert."""
    grave = severity(alert.severity, language)
    if language == "en":
        said = f"{town}: a further alert has joined the call you have answered."
        return Text(_cut(f"[{grave}] Further alert: {alert.said(language)}"), said)
    said = f"{town}: 対応中の呼出しにアラートが加わりました。"
    return Text(_cut(f"【{grave}】追加: {alert.said(language)}"), said)


def _first(alerts: Sequence[Told]) -> tuple[Told, int]:
    if not alerts:
        return Told("informational", {}), 0
    return max(alerts, key=lambda one: rank(one.severity)), len(alerts) - 1


def _lines(alerts: Sequence[Told], language: str) -> list[str]:
    ordered = sorted(alerts, key=lambda one: -rank(one.severity))
    lines = [
        _cut(f"・{severity(one.severity, language)} {one.said(language)}", _LONGEST_LINE)
        for one in ordered[: _NAMED + 1]
    ]
    more = len(ordered) - _NAMED
    return [*lines[:_NAMED], f"… +{more}"] if more > 0 else lines


def _cut(text: str, most: int = 120) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
