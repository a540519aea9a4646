"""Which of JMA's areas a town is told about: its own, its prefecture's, and the rivers' there."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tamamo.feeds.readers.jma_xml_parts import Statement, fold
from tamamo.kernel.towns.code import PREFECTURES

#: Kagawa: where a town has no code, it is one of those the platform was made for.
_NO_CODE: Final = "37"


@dataclass(frozen=True, slots=True)
class Areas:
    """The areas of a town. prefecture: 2 digits; municipality: 5 digits, "" for all of them.

    extra: further codes of areas, such as a 津波予報区 that is not called like the prefecture.
    """

    prefecture: str = _NO_CODE
    municipality: str = ""
    extra: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The prefecture's name."""
        return PREFECTURES[int(self.prefecture) - 1]

    def concerns(self, said: Statement) -> bool:
        """Whether a statement is about the town, or about an area that it lies in.

        Of a prefecture's parts all are taken: no telegram says which municipality lies in which.
        """
        if said.area_code in self.extra:
            return True
        match said.area_kind:
            case "municipality":
                mine = self.municipality or self.prefecture
                return said.area_code.startswith(mine)
            case "river":
                if said.municipalities and self.municipality:
                    return self.municipality in said.municipalities
                return self.prefecture in said.prefectures
            case "coast":
                return said.area_name.startswith(self.name)
            case _ if said.area_code.isdecimal():
                return said.area_code.startswith(self.prefecture)
            case _:
                return fold(said.area_name) == fold(self.name)


def areas_of(code: str | None, extra: Iterable[str] = ()) -> Areas:
    """Return the areas of a local government by its 団体コード (6 digits, the last one checks).

    A prefecture's code (…000) means all of its municipalities. Without a code: all of Kagawa's.
    """
    if not code or not 1 <= int(code[:2]) <= len(PREFECTURES):
        return Areas(extra=frozenset(extra))
    municipality = "" if code[2:5] == "000" else code[:5]
    return Areas(code[:2], municipality, frozenset(extra))
