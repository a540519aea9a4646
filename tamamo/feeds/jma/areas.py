"""Which of JMA's areas a town is told about: its own, its prefecture's, and the rivers' there."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tamamo.feeds.readers.jma_xml_parts import Statement, fold

#: JIS X 0401, 都道府県コード: the first two digits of every code of an area.
PREFECTURES: Final = [
    "北海道",
    "青森県",
    "岩手県",
    "宮城県",
    "秋田県",
    "山形県",
    "福島県",
    "茨城県",
    "栃木県",
    "群馬県",
    "埼玉県",
    "千葉県",
    "東京都",
    "神奈川県",
    "新潟県",
    "富山県",
    "石川県",
    "福井県",
    "山梨県",
    "長野県",
    "岐阜県",
    "静岡県",
    "愛知県",
    "三重県",
    "滋賀県",
    "京都府",
    "大阪府",
    "兵庫県",
    "奈良県",
    "和歌山県",
    "鳥取県",
    "島根県",
    "岡山県",
    "広島県",
    "山口県",
    "徳島県",
    "香川県",
    "愛媛県",
    "高知県",
    "福岡県",
    "佐賀県",
    "長崎県",
    "熊本県",
    "大分県",
    "宮崎県",
    "鹿児島県",
    "沖縄県",
]
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
