"""Headers that speak of people, in Japanese and English, and names of people (`words.toml`)."""

import re
import tomllib
from importlib.resources import files
from typing import Any, Final

from tamamo.publishing.standard.model import Column

_SAID: Final[dict[str, Any]] = tomllib.loads(
    files("tamamo.publishing.privacy").joinpath("words.toml").read_text("utf-8")
)


def _words(name: str) -> re.Pattern[str]:
    return re.compile("|".join(_SAID[name]), re.IGNORECASE)


NAME: Final = _words("name")
#: Whose name it is, and the row is about that person.
SELF: Final = _words("self")
NOT_A_NAME: Final = _words("not_a_name")
HOME: Final = _words("home")
ADDRESS: Final = _words("address")
OPINION: Final = _words("opinion")
REMARK: Final = _words("remark")
CONTACT: Final = _words("contact")
BIRTHDAY: Final = _words("birthday")
NUMBER: Final = _words("number")
AGE: Final = _words("age")
SEX: Final = _words("sex")
QUASI: Final = _words("quasi")
PEOPLE: Final = _words("people")
NOT_PEOPLE: Final = _words("not_people")
_NOT_PERSON: Final = _words("not_person")
_SURNAMES: Final = frozenset(_SAID["surnames"].split())
_NAMED: Final = re.compile(r"([一-龥々ヶ]{2,6}[ぁ-んァ-ヶー]{0,6})(?:さん|様|氏|くん|ちゃん)")
_PERSON: Final = re.compile(r"([一-龥々ヶ]{1,4})[ 　]+([一-龥々ぁ-んァ-ヶー]{1,5})")
_TITLED: Final = re.compile(
    r"(?:代表取締役|代表理事|理事長|代表役員|代表者|院長|園長|館長)"
    r"[ 　]*([一-龥々]{1,4}[ 　]*[一-龥々ぁ-んァ-ヶー]{1,5})$"
)


def says(pattern: re.Pattern[str], column: Column) -> bool:
    """Whether any name of a column says so."""
    return any(pattern.search(text) for text in (column.header, column.label, column.name) if text)


def is_person(text: str, *, told: bool) -> bool:
    """Whether a value is somebody's name. told: the header says that names of people stand here."""
    bare = text.strip()
    if _TITLED.search(bare):
        return True
    if not bare or len(bare) > 12 or _NOT_PERSON.search(bare):
        return False
    parts = _PERSON.fullmatch(bare)
    if parts:
        return told or parts[1] in _SURNAMES or len(parts[1]) <= 3
    return told and any(bare.startswith(name) and len(bare) > len(name) for name in _SURNAMES)


def names_somebody(text: str) -> bool:
    """Whether a text calls somebody by name (佐藤さん, 山田様)."""
    return any(found[1].startswith(name) for found in _NAMED.finditer(text) for name in _SURNAMES)
