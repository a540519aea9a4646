"""The texts of mail.toml, and moments in words."""

import tomllib
from datetime import datetime
from functools import cache
from importlib.resources import files

from tamamo.kernel.time import JST

_WEEKDAYS = "月火水木金土日"


@cache
def _texts() -> dict[str, dict[str, str]]:
    return tomllib.loads(files(__package__).joinpath("mail.toml").read_text("utf-8"))


def said(language: str, name: str, **facts: object) -> str:
    """Return a text in a language (ja, en, easy), with what is to be filled in."""
    text = _texts()[language][name]
    for key, value in facts.items():
        text = text.replace(f"{{{key}}}", str(value))
    return text


def moment_words(moment: datetime, language: str) -> str:
    """Return 9月10日(木) 12:00 or 10 Sep, 12:00 JST."""
    local = moment.astimezone(JST)
    if language == "en":
        return f"{local.day} {local:%b, %H:%M} JST"
    return f"{local.month}月{local.day}日({_WEEKDAYS[local.weekday()]}) {local:%H:%M}"
