"""The demo's duty officers: invented people who are called when an alert fires.

No mail reaches any of them (RFC 2606), and the demo has no mail server: their messages say so.
"""

from datetime import date, time
from typing import Final

from tamamo.calling import CONTACT_TYPE, store
from tamamo.calling.contact import Address, Contact
from tamamo.calling.duty import Holidays, Roster, Rotation, Shift
from tamamo.calling.matching import CallRule
from tamamo.calling.tree import Mode, Step, Target, Tree
from tamamo.kernel.database import Connection
from tamamo.kernel.identity import organisation
from tamamo.messaging import Channel
from tamamo.simulator.people import IN_CHARGE

#: Town → names of invented people: three who take turns, then whoever heads them.
PEOPLE: Final = {
    "default": ("青木 一郎（模擬）", "馬場 二葉（模擬）", "千葉 三郎（模擬）", "土居 四季（模擬）"),
    "ayagawa": ("江藤 五月（模擬）", "福井 六花（模擬）", "後藤 七海（模擬）", "蓮井 八重（模擬）"),
    "kanonji": ("石川 九郎（模擬）", "神野 十和（模擬）", "久保 百合（模擬）", "毛利 千里（模擬）"),
}
_DOMAIN: Final = "demo.example"
_EVERY_DAY: Final = frozenset(range(7))
_WORKING: Final = frozenset(range(5))
#: From when turns are counted: a Monday.
_SINCE: Final = date(2026, 4, 6)


async def settle(connection: Connection, tenant: str, approver: str | None, *, by: str) -> None:
    """Make a town's contacts, roster, tree and rule, unless it has contacts already.

    approver: the subject of the demo's account that takes calls on the staff page.
    """
    if await store.contacts(connection, tenant):
        return
    unit = IN_CHARGE[tenant]
    await organisation.declare(connection, tenant, CONTACT_TYPE, unit, personal=True)
    numbers = []
    for place, name in enumerate(PEOPLE[tenant]):
        mail = Address(Channel.MAIL, f"duty{place + 1}.{tenant}@{_DOMAIN}")
        addresses: tuple[Address, ...] = (mail,)
        if place == len(PEOPLE[tenant]) - 1:
            addresses += (Address(Channel.SMS, "090-0000-0000"),)
        subject = approver if place == 0 else None
        made = Contact("", name, unit.rpartition("/")[2], subject=subject, addresses=addresses)
        numbers.append(await store.save_contact(connection, tenant, made, actor=by))
    *officers, head = numbers
    roster = await store.save_roster(connection, tenant, _roster(officers), 1, actor=by)
    tree = await store.save_tree(connection, tenant, _tree(roster, officers, head), 1, actor=by)
    rule = CallRule("", "水位・潮位のアラート（模擬）", tree, "high")
    await store.save_rule(connection, tenant, rule, 1, actor=by)


def _roster(officers: list[str]) -> Roster:
    day = Shift("日中", _WORKING, time(8, 30), time(17, 15), (officers[0],), Holidays.WITHOUT,
                Rotation.ALL, _SINCE)  # fmt: skip
    off = Shift("休日の日中", frozenset({5, 6}), time(8, 30), time(17, 15), tuple(officers),
                Holidays.ALSO, Rotation.WEEK, _SINCE)  # fmt: skip
    night = Shift("夜間", _EVERY_DAY, time(17, 15), time(8, 30), tuple(officers), Holidays.SAME,
                  Rotation.DAY, _SINCE)  # fmt: skip
    return Roster("", "危機管理 当直（模擬）", (day, off, night))


def _tree(roster: str, officers: list[str], head: str) -> Tree:
    steps = (
        Step((Target(roster=roster),), 5, Mode.TOGETHER, "当直"),
        Step(tuple(map(Target, officers)), 3, Mode.IN_TURN, "ほかの担当"),
        Step((Target(head),), 10, Mode.TOGETHER, "課長"),
    )
    return Tree("", "危機管理 連絡網（模擬）", steps, rounds=3, gather=10)
