"""What a check may find, in words (`codes.toml`)."""

import tomllib
from importlib.resources import files
from typing import Final

#: Code → what is to be mended, in Japanese and English. Codes stay; pages group by them.
CODES: Final[dict[str, tuple[str, str]]] = {
    code: (said["ja"], said["en"])
    for code, said in tomllib.loads(
        files("tamamo.publishing.standard").joinpath("codes.toml").read_text("utf-8")
    ).items()
}


def words(code: str, item: str, english: str) -> tuple[str, str]:
    """Return what is wrong with an item, in both languages."""
    ja, en = CODES[code]
    return f"{item}: {ja}", f"{english}: {en}"
