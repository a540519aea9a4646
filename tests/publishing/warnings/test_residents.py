"""Residents ask, confirm and leave; a warning reaches those it concerns, once."""

import re
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from tamamo.kernel import time
from tamamo.kernel.database import transaction
from tamamo.kernel.jobs import Run
from tamamo.kernel.settings import Settings
from tamamo.publishing.warnings import Area, Published, Words, delivery, setup, subscriptions
from tamamo.publishing.warnings.composing import Office
from tamamo.publishing.warnings.subscriptions import InvalidSubscription, Wish
from tests.publishing.warnings.conftest import Hall, order

SETTINGS = Settings(public_url="https://data.example.jp")
PLACES = """
[[places]]
id = "yashima"
name = { ja = "屋島", en = "Yashima" }
[[places]]
id = "kita"
name = { ja = "木太", en = "Kita" }
[[templates]]
id = "t"
name = { ja = "t", en = "t" }
event = { ja = "t", en = "t" }
"""


async def _office(hall: Hall) -> Office:
    async with transaction(hall.pool) as connection:
        return await hall.warnings.office(connection, hall.tenant)


async def _ask(hall: Hall, address: str, wish: Wish = Wish()) -> str:  # noqa: B008 - frozen
    """Ask for mail; return the token of the mail that was written, "" where none was."""
    office = await _office(hall)
    async with transaction(hall.pool) as connection:
        await subscriptions.ask(connection, office, SETTINGS, address, wish)
    rows = await hall.all(
        "select url from message where tenant = %s and recipient = %s order by created_at desc",
        hall.tenant, address,
    )  # fmt: skip
    found = re.search(r"/confirm/([\w-]+)/", rows[0][0]) if rows else None
    return found[1] if found else ""


async def _confirm(hall: Hall, token: str) -> bool:
    async with transaction(hall.pool) as connection:
        return await subscriptions.confirm(connection, hall.tenant, token, "anonymous")


async def _subscribed(hall: Hall, address: str, wish: Wish = Wish()) -> None:  # noqa: B008
    assert await _confirm(hall, await _ask(hall, address, wish))


async def _places(hall: Hall) -> None:
    async with transaction(hall.pool) as connection:
        await setup.write(connection, hall.approver, hall.tenant, PLACES, 0)


async def _deliver(hall: Hall, message: Published) -> dict[str, int]:
    broker = SimpleNamespace(pool=hall.pool, towns=hall.towns, settings=SETTINGS)
    run = Run(hall.pool, broker, hall.tenant, "user:1", 1, "", {"message": str(message.id)})
    return await delivery.handle(run)


async def _mails(hall: Hall, message: Published) -> list[Any]:
    return await hall.all(
        "select recipient, subject, body, url, unsubscribe from message where tenant = %s"
        " and about = %s order by recipient", hall.tenant, delivery.about(message.id),
    )  # fmt: skip


async def test_nobody_is_told_before_they_confirmed(hall: Hall) -> None:
    token = await _ask(hall, "a@example.jp")
    first = await hall.published(await hall.warnings.draft(hall.writer, hall.tenant, order()))
    assert await _deliver(hall, first) == {}
    assert await _confirm(hall, token)
    assert not await _confirm(hall, token), "a link confirms once"
    second = await hall.published(await hall.warnings.correct(hall.writer, hall.tenant, first.id))
    assert await _deliver(hall, second) == {"mail": 1}
    assert await _deliver(hall, second) == {"mail": 1}
    mails = await _mails(hall, second)
    assert len(mails) == 1, "done twice, told once"
    to, subject, body, url, unsubscribe = mails[0]
    assert to == "a@example.jp"
    assert subject == "警戒レベル4 避難指示：玉藻市全域 (玉藻市)"
    assert "避難してください。" in body and "警戒レベル4 避難指示" in body
    assert url == f"https://data.example.jp/t/{hall.tenant}/warnings/{second.warning}/"
    assert re.search(r"/warnings/unsubscribe/[\w-]{40,}/$", unsubscribe) and unsubscribe in body


async def test_leaving_forgets_the_address(hall: Hall) -> None:
    await _subscribed(hall, "b@example.jp")
    rows = await hall.all("select leaving from warning_subscription where tenant = %s", hall.tenant)
    async with transaction(hall.pool) as connection:
        assert await subscriptions.leave(connection, hall.tenant, rows[0][0], "anonymous")
        assert not await subscriptions.leave(connection, hall.tenant, rows[0][0], "anonymous")
    assert await hall.all(
        "select count(*) from warning_subscription where tenant = %s", hall.tenant
    ) == [(0,)]
    told = await hall.all(
        "select action, coalesce(before::text, '') || after::text from audit_event"
        " where tenant = %s order by seq", hall.tenant,
    )  # fmt: skip
    assert [one[0] for one in told] == ["warning.subscribe", "warning.unsubscribe"]
    assert not any("example.jp" in one[1] for one in told)


async def test_asking_again_and_again_sends_one_mail(hall: Hall) -> None:
    for _ in range(3):
        await _ask(hall, "c@example.jp")
    count = "select count(*) from message where tenant = %s"
    assert await hall.all(count, hall.tenant) == [(1,)]
    await hall.all(
        "update warning_subscription set asked_at = now() - interval '11 minutes'"
        " where tenant = %s returning 1", hall.tenant,
    )  # fmt: skip
    await _ask(hall, "C@example.jp")
    assert await hall.all(count, hall.tenant) == [(2,)]


async def test_who_is_known_already_is_told_so_alone(hall: Hall) -> None:
    await _subscribed(hall, "d@example.jp", Wish(least_level=4))
    await hall.all(
        "update warning_subscription set asked_at = now() - interval '11 minutes'"
        " where tenant = %s returning 1", hall.tenant,
    )  # fmt: skip
    assert await _ask(hall, "d@example.jp", Wish(least_level=0)) == ""
    assert await hall.all(
        "select least_level, asked is null, confirmed_at is null from warning_subscription"
        " where tenant = %s", hall.tenant,
    ) == [(4, True, False)]  # fmt: skip


async def test_what_is_not_confirmed_in_a_day_is_gone(hall: Hall) -> None:
    token = await _ask(hall, "e@example.jp")
    async with transaction(hall.pool) as connection:
        later = time.now() + timedelta(hours=25)
        assert await subscriptions.sweep(connection, later) >= 1
    assert not await _confirm(hall, token)


@pytest.mark.parametrize(
    ("address", "wish", "field"),
    [
        ("nobody", Wish(), "address"),
        ("a@b@c.jp", Wish(), "address"),
        ("a@example.jp\nBcc: x@example.jp", Wish(), "address"),
        ("a@example.jp", Wish(language="fr"), "language"),
        ("a@example.jp", Wish(least_level=2), "least_level"),
        ("a@example.jp", Wish(places=("nowhere",)), "places"),
    ],
)
async def test_what_cannot_be(hall: Hall, address: str, wish: Wish, field: str) -> None:
    with pytest.raises(InvalidSubscription) as refused:
        await _ask(hall, address, wish)
    assert refused.value.extra["fields"] == [field]


async def test_by_place_and_level(hall: Hall) -> None:
    await _places(hall)
    for address, wish in {
        "all@example.jp": Wish(),
        "grave@example.jp": Wish(least_level=4),
        "yashima@example.jp": Wish(places=("yashima",)),
        "kita@example.jp": Wish(places=("kita",)),
        "en@example.jp": Wish(language="en"),
    }.items():
        await _subscribed(hall, address, wish)
    text = order(level=3, area=Area(places=("yashima",)))
    message = await hall.published(await hall.warnings.draft(hall.writer, hall.tenant, text))
    await _deliver(hall, message)
    mails = {one[0]: one for one in await _mails(hall, message)}
    assert set(mails) == {"all@example.jp", "yashima@example.jp", "en@example.jp"}
    assert mails["en@example.jp"][1].startswith("Level 4, evacuation order: Yashima")
    assert "/en/warnings/" in mails["en@example.jp"][3]


async def test_tries_are_marked(hall: Hall) -> None:
    await _subscribed(hall, "f@example.jp")
    text = order(test=True, headline=Words("見出し", "Head"))
    message = await hall.published(await hall.warnings.draft(hall.writer, hall.tenant, text))
    await _deliver(hall, message)
    assert (await _mails(hall, message))[0][1] == "【試験】見出し (玉藻市)"


async def test_how_many_were_reached(hall: Hall) -> None:
    for name in "xyz":
        await _subscribed(hall, f"{name}@example.jp")
    message = await hall.published(await hall.warnings.draft(hall.writer, hall.tenant, order()))
    await _deliver(hall, message)
    await hall.all(
        "update message set state = case recipient when 'x@example.jp' then 'sent' else 'failed'"
        " end, reason = case recipient when 'x@example.jp' then '' else 'refused' end"
        " where tenant = %s and about = %s returning 1", hall.tenant, delivery.about(message.id),
    )  # fmt: skip
    async with transaction(hall.pool) as connection:
        mail, push = await delivery.reach(connection, hall.tenant, message.id)
    assert (mail.channel, mail.asked, mail.reached, mail.failed, mail.reason) == (
        "mail", 3, 1, 2, "refused",
    )  # fmt: skip
    assert (push.channel, push.asked) == ("webpush", 0)
