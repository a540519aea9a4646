"""What people need of a facility, and how a list is narrowed to it.

Each need asks one column of its own: several needs hold together (and), the values of one are
alternatives (or), as the filters of a register have it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from tamamo.kernel.whole import whole
from tamamo.publishing.facilities.model import GROUP_OF, Facility, Group
from tamamo.publishing.facilities.texts import tidy
from tamamo.registers import ListQuery, Register
from tamamo.registers.declaration import Texts

#: Facilities on one page of the list.
PAGE: Final = 50
_LONGEST: Final = 100


@dataclass(frozen=True, slots=True)
class Need:
    """One thing somebody needs. values: of the column, as the register's filter takes them."""

    id: str
    title: Texts
    column: str
    values: tuple[str, ...]

    @property
    def group(self) -> Group:
        """The fields it belongs to: they are surveyed together."""
        return GROUP_OF[self.column]

    def met(self, facility: Facility) -> bool | None:
        """Whether a facility has it; None where nobody has looked."""
        if self.values == ("yes",):
            held = facility.values.get(self.column)
            if isinstance(held, bool) or held is None:
                return held
        held = facility.values.get(self.column)
        if isinstance(held, list) or self.column in LISTS:
            found = [facility.has(self.column, value) for value in self.values]
            return None if None in found else any(found)
        return None if held is None else held in self.values


#: Columns that hold a list.
LISTS: Final = frozenset({"toiletEquipment", "childEquipment", "informationSupport"})
NEEDS: Final = (
    Need(
        "wheelchair_toilet",
        Texts("車いす対応トイレ", "Wheelchair toilet"),
        "wheelchairToilet",
        ("yes",),
    ),
    Need("ostomate", Texts("オストメイト", "Ostomate facilities"), "ostomate", ("yes",)),
    Need(
        "adult_bed",
        Texts("大人用の介助ベッド", "Changing bed for adults"),
        "toiletEquipment",
        ("adult_bed",),
    ),
    Need(
        "step_free",
        Texts("段差なし・スロープ", "Step-free or ramp"),
        "entrance",
        ("level", "slope"),
    ),
    Need(
        "lift",
        Texts("エレベーター（または平屋）", "Lift (or one floor)"),
        "lift",
        ("yes", "not_needed"),
    ),
    Need(
        "parking",
        Texts("車いす使用者用駐車場", "Accessible parking"),
        "accessibleParking",
        ("yes",),
    ),
    Need("nursing_room", Texts("授乳室", "Nursing room"), "nursingRoom", ("yes",)),
    Need(
        "diaper_table",
        Texts("おむつ交換台", "Nappy changing table"),
        "childEquipment",
        ("diaper_table",),
    ),
    Need(
        "assistance_dog",
        Texts("補助犬の受入れ", "Assistance dogs welcome"),
        "assistanceDog",
        ("yes",),
    ),
    Need(
        "hearing_loop",
        Texts("ヒアリングループ", "Hearing loop"),
        "informationSupport",
        ("hearing_loop",),
    ),
)
BY_ID: Final = {need.id: need for need in NEEDS}


@dataclass(frozen=True, slots=True)
class Wish:
    """A list of facilities as somebody wants to see it; everything of it stands in the address."""

    needs: tuple[Need, ...] = ()
    q: str = ""
    category: str = ""
    page: int = 1
    #: Parameters that say nothing here (any more).
    ignored: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def parse(cls, register: Register, params: Mapping[str, Sequence[str]]) -> "Wish":
        """Read an address; what cannot be read is left out and named: an old link still works."""
        wanted = list(dict.fromkeys(params.get("need", ())))
        ignored = ["need"] if any(one not in BY_ID for one in wanted) else []
        category = (params.get("category") or [""])[-1]
        if category and register.column("category").choice(category) is None:
            category = ""
            ignored.append("category")
        text = " ".join(tidy((params.get("q") or [""])[-1], _LONGEST).split())
        page = whole((params.get("page") or [""])[-1], least=1)
        needs = tuple(need for need in NEEDS if need.id in wanted)
        return cls(needs, text, category, page, tuple(ignored))

    def query(self, size: int = PAGE) -> ListQuery:
        """Return what the register is asked."""
        filters: dict[str, Sequence[str]] = {need.column: need.values for need in self.needs}
        if self.category:
            filters["category"] = (self.category,)
        return ListQuery(q=self.q, filters=filters, sort="name", page=self.page, size=size)

    def pairs(self, *, page: int | None = None) -> list[tuple[str, str]]:
        """Return what stands in the address of this list."""
        pairs = [("need", need.id) for need in self.needs]
        pairs += [("q", self.q)] if self.q else []
        pairs += [("category", self.category)] if self.category else []
        number = self.page if page is None else page
        return pairs + ([("page", str(number))] if number > 1 else [])

    def address(self, *, page: int | None = None) -> str:
        """Return "?…" of this list, "" for the whole."""
        pairs = self.pairs(page=page)
        return "?" + urlencode(pairs) if pairs else ""

    def without(self, need: Need) -> "Wish":
        """Return the list without one need, from its first page."""
        return Wish(tuple(n for n in self.needs if n is not need), self.q, self.category)


def met(facility: Facility, needs: Iterable[Need] = NEEDS) -> list[Need]:
    """Return the needs that a facility meets."""
    return [need for need in needs if need.met(facility)]
