"""Asking, answering, moderating, forgetting and counting, on the module's database."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import pytest_asyncio

from tamamo.context.broker import Broker, open_broker
from tamamo.kernel.database import transaction
from tamamo.kernel.errors import Forbidden
from tamamo.kernel.identity import Actor, Grant, Role
from tamamo.kernel.settings import Settings
from tamamo.publishing.requests import (
    Answer,
    Asking,
    InvalidPost,
    NoSuchRequest,
    RequestChanged,
    Requests,
    TooManyPosts,
    asking,
    demo,
)

_TOWNS = count(1)
BUS = Asking(
    "バス停の位置と時刻表", "時刻表をGTFSで公開してください。", "乗客", "rider@mail.example"
)
REPLY = Answer("answered", "来月の公開に向けて準備しています。")


def person(number: int, role: Role, tenant: str, unit: str | None = None) -> Actor:
    return Actor(f"user:{number}", f"P{number}", (Grant(str(number), tenant, role, unit),))


@dataclass
class Hall:
    """A town, its engine, and an editor of all its units."""

    tenant: str
    broker: Broker
    requests: Requests
    editor: Actor

    async def all(self, statement: str, *values: Any) -> list[Any]:
        async with transaction(self.broker.pool) as connection:
            return await (await connection.execute(statement.encode(), values)).fetchall()

    async def audited(self) -> list[str]:
        rows = await self.all(
            "select action from audit_event where tenant = %s order by seq", self.tenant
        )
        return [row[0] for row in rows]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def broker(
    shared_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Broker]:
    home: Path = tmp_path_factory.mktemp("requests")
    settings = Settings(
        home=home, database_url=shared_database_url, public_url="https://data.example.jp"
    )
    async with open_broker(settings) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def hall(broker: Broker) -> Hall:
    """A town of the test's own, with two units."""
    name = f"ask{next(_TOWNS)}"
    async with transaction(broker.pool) as connection:
        await connection.execute(
            "insert into tenant (name, title) values (%s, %s)",
            [name, '{"ja": "玉藻市", "en": "Tamamo City"}'],
        )
        for unit in ("交通局", "防災局", "交通局/バス課"):
            await connection.execute(
                "insert into org_unit (tenant, id, parent, name, kind, position, valid_from)"
                " values (%s, %s, %s, %s, '課', 1, '2020-04-01')",
                [name, unit, unit.rpartition("/")[0] or None, unit.rpartition("/")[2]],
            )
        await connection.execute("update town_generation set generation = generation + 1")
    await broker.towns.refresh()
    return Hall(name, broker, Requests(broker), person(1, Role.EDITOR, name))


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_request_is_public_at_once_and_answered_in_its_thread(hall: Hall) -> None:
    request, _ = await hall.requests.ask(hall.tenant, BUS, "resident:x")
    assert (request.number, request.state, request.visible) == (1, "open", "shown")
    answered = await hall.requests.answer(hall.editor, hall.tenant, 1, REPLY)
    assert (answered.state, answered.days) == ("answered", 0)
    thread = await hall.requests.thread(hall.tenant, 1)
    assert [(one.kind, one.name, one.state) for one in thread.posts] == [
        ("request", "乗客", None),
        ("answer", "", "answered"),
    ]
    assert await hall.audited() == ["data_request.ask", "data_request.answer"]


async def test_what_a_person_told_is_apart_from_the_thread_and_can_be_erased(hall: Hall) -> None:
    _, token = await hall.requests.ask(hall.tenant, BUS, "resident:x")
    mine = await hall.requests.mine(hall.tenant, token)
    assert (mine.name, mine.mail, mine.confirmed) == ("乗客", "rider@mail.example", False)
    with pytest.raises(NoSuchRequest):
        await hall.requests.mine("default", token)  # another town's page
    assert await hall.requests.forget(hall.tenant, token, "resident:x")
    assert not await hall.requests.forget(hall.tenant, token, "resident:x")
    thread = await hall.requests.thread(hall.tenant, 1)
    assert thread.posts[0].name == "" and thread.posts[0].body == BUS.body
    told = await hall.all("select after::text from audit_event where tenant = %s", hall.tenant)
    assert "rider" not in str(told) and "乗客" not in str(told)


async def test_only_a_confirmed_address_is_told_of_an_answer(hall: Hall) -> None:
    _, token = await hall.requests.ask(hall.tenant, BUS, "resident:x")
    mails = "select subject, url from message where tenant = %s order by created_at, id"
    ((subject, url),) = await hall.all(mails, hall.tenant)
    assert "確認" in subject
    assert url.startswith(f"https://data.example.jp/t/{hall.tenant}/requests/mine/")
    mailed = url.split("/")[-2]
    # Whoever typed an address cannot say that it is theirs: the page they see is another.
    assert mailed != token and not await hall.requests.confirm(hall.tenant, token, "resident:x")
    assert (await hall.requests.mine(hall.tenant, mailed)).by_mail
    assert not (await hall.requests.mine(hall.tenant, token)).by_mail
    await hall.requests.answer(hall.editor, hall.tenant, 1, Answer("working", "確認しています。"))
    assert len(await hall.all(mails, hall.tenant)) == 1
    assert await hall.requests.confirm(hall.tenant, mailed, "resident:x")
    await hall.requests.answer(hall.editor, hall.tenant, 1, REPLY)
    assert [row[1] for row in await hall.all(mails, hall.tenant)][1:] == [
        f"https://data.example.jp/t/{hall.tenant}/requests/1/"
    ]


async def test_links_and_numbers_wait_until_somebody_has_read_them(hall: Hall) -> None:
    engine, tenant = hall.requests, hall.tenant
    spam = Asking("安い時計のデータ", "くわしくは https://spam.example/ を見てください。")
    request, _ = await engine.ask(tenant, spam, "resident:x")
    assert request.visible == "held"
    with pytest.raises(NoSuchRequest):
        await engine.thread(tenant, request.number)
    assert (await engine.listing(tenant)).total == 0
    (waiting,) = (await engine.listing(tenant, staff=True, waiting=True)).requests
    assert waiting.waiting == 1
    thread = await engine.thread(tenant, request.number, staff=True)
    assert thread.posts[0].reason == "link"
    await engine.moderate(hall.editor, tenant, thread.posts[0].id, "shown")
    assert (await engine.listing(tenant)).total == 1
    with pytest.raises(InvalidPost):
        await engine.moderate(hall.editor, tenant, thread.posts[0].id, "hidden")
    await engine.moderate(hall.editor, tenant, thread.posts[0].id, "hidden", "広告のため")
    assert (await engine.listing(tenant)).total == 0

    await engine.ask(tenant, BUS, "resident:x")
    said = Asking(body="連絡は090-0000-0001までお願いします。")
    shown, _ = await engine.comment(tenant, 2, said, "resident:x")
    assert not shown
    assert len((await engine.thread(tenant, 2)).posts) == 1


@pytest.mark.parametrize(
    ("wrong", "faults"),
    [
        (Asking("バス", "時刻表を公開してください。"), {"title": "short"}),
        (Asking("バス停の位置", "x"), {"body": "short"}),
        (
            Asking("バ" * 101, "時刻表を" * 600, "n" * 41),
            {"title": "long", "body": "long", "name": "long"},
        ),
        (Asking("バス停の位置", "時刻表を公開", mail="nobody"), {"mail": "mail"}),
        (Asking("バス停の位置", "時刻表を公開", trap="x"), {"trap": "trap"}),
    ],
)  # fmt: skip
async def test_what_cannot_be_asked_names_its_fields(
    hall: Hall, wrong: Asking, faults: dict[str, str]
) -> None:
    with pytest.raises(InvalidPost) as refused:
        await hall.requests.ask(hall.tenant, wrong, "resident:x")
    assert refused.value.faults == faults
    assert await hall.audited() == []


async def test_control_characters_reach_neither_database_nor_feed(hall: Hall) -> None:
    asked = Asking("バス停\x00の位置\x0b", "時刻表を\r\n公開\x00して", "乗\x00客")
    request, _ = await hall.requests.ask(hall.tenant, asked, "resident:x")
    assert request.title == "バス停の位置"
    thread = await hall.requests.thread(hall.tenant, 1)
    assert (thread.posts[0].body, thread.posts[0].name) == ("時刻表を\n公開して", "乗客")
    assert (await hall.requests.listing(hall.tenant, q="バス停\x00")).total == 1
    made = Answer("answered", "準備\x00しています。", "x\x00")
    assert (await hall.requests.answer(hall.editor, hall.tenant, 1, made)).state == "answered"


async def test_a_flood_is_stopped(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "MOST_AN_HOUR", 2)
    for _ in range(2):
        await hall.requests.ask(hall.tenant, BUS, "resident:x")
    with pytest.raises(TooManyPosts):
        await hall.requests.comment(hall.tenant, 1, Asking(body="賛成します。"), "resident:x")


async def test_similar_requests_are_found_by_their_words(hall: Hall) -> None:
    for title in (BUS.title, "公園の遊具の点検結果", "AEDの設置場所"):
        await hall.requests.ask(hall.tenant, Asking(title, "公開してください。"), "resident:x")
    near = await hall.requests.similar(hall.tenant, "バス停の位置情報を公開してほしい")
    assert [one.title for one in near] == [BUS.title]
    assert await hall.requests.similar(hall.tenant, "犬の登録数の一覧") == ()


async def test_a_unit_answers_its_own_and_nobody_elses(hall: Hall) -> None:
    engine, tenant = hall.requests, hall.tenant
    await engine.ask(tenant, BUS, "resident:x")
    with pytest.raises(InvalidPost):
        await engine.assign(hall.editor, tenant, 1, "宇宙局")
    assert (await engine.assign(hall.editor, tenant, 1, "交通局/バス課")).unit == "交通局/バス課"
    other = person(2, Role.EDITOR, tenant, "防災局")
    with pytest.raises(Forbidden):
        await engine.answer(other, tenant, 1, REPLY)
    above = person(3, Role.EDITOR, tenant, "交通局")
    await engine.answer(above, tenant, 1, REPLY)
    assert (await engine.thread(tenant, 1)).posts[-1].unit == "交通局"
    for stranger in (person(4, Role.OPERATOR, tenant), person(5, Role.EDITOR, "default")):
        with pytest.raises(Forbidden):
            await engine.answer(stranger, tenant, 1, REPLY)


async def test_declining_needs_its_reason_and_publishing_a_public_dataset(hall: Hall) -> None:
    await hall.requests.ask(hall.tenant, BUS, "resident:x")
    for answer, field in (
        (Answer("declined", " "), "body"),
        (Answer("published", "公開しました。", "none"), "dataset"),
        (Answer("open", "もう一度"), "state"),
    ):
        with pytest.raises(InvalidPost) as refused:
            await hall.requests.answer(hall.editor, hall.tenant, 1, answer)
        assert field in refused.value.faults
    declined = Answer("declined", "個人が分かるため、公開できません。")
    assert (await hall.requests.answer(hall.editor, hall.tenant, 1, declined)).state == "declined"


async def test_who_answers_has_seen_the_newest_text(hall: Hall) -> None:
    request, _ = await hall.requests.ask(hall.tenant, BUS, "resident:x")
    seen = request.changed_at.isoformat()
    await hall.requests.comment(hall.tenant, 1, Asking(body="私も待っています。"), "resident:y")
    with pytest.raises(RequestChanged):
        await hall.requests.answer(
            hall.editor, hall.tenant, 1, Answer("answered", "準備中です。", seen=seen)
        )


async def test_days_to_answer_are_counted(hall: Hall) -> None:
    engine, tenant = hall.requests, hall.tenant
    for _ in range(4):
        await engine.ask(tenant, BUS, "resident:x")
    for number in (1, 2, 3):
        await engine.answer(hall.editor, tenant, number, REPLY)
    await engine.assign(hall.editor, tenant, 3, "交通局")
    for number, days in ((1, 2), (2, 10), (3, 30), (4, 5)):
        await hall.all(
            "update data_request set asked_at = asked_at - make_interval(days => %s)"
            " where tenant = %s and number = %s returning 1",
            days, tenant, number,
        )  # fmt: skip
    found = await engine.statistics(tenant)
    assert (found.total, found.answered, found.median, found.mean) == (4, 3, 10.0, 14.0)
    assert found.within == pytest.approx(2 / 3)
    assert found.oldest == 5
    assert found.counts["answered"] == 3 and found.counts["open"] == 1
    assert [(one.unit, one.total, one.median) for one in found.units] == [("交通局", 1, 30.0)]
    empty = await engine.statistics("default")
    assert (empty.total, empty.median, empty.within) == (0, None, None)


async def test_an_address_nobody_confirms_is_forgotten_after_a_week(hall: Hall) -> None:
    _, token = await hall.requests.ask(hall.tenant, BUS, "resident:x")
    await hall.requests.sweep()
    assert (await hall.requests.mine(hall.tenant, token)).mail == BUS.mail
    await hall.all(
        "update data_request_person set at = at - interval '8 days' where tenant = %s returning 1",
        hall.tenant,
    )
    await hall.requests.sweep()
    mine = await hall.requests.mine(hall.tenant, token)
    assert (mine.name, mine.mail) == ("乗客", "")


async def test_towns_do_not_see_each_other(hall: Hall) -> None:
    await hall.requests.ask(hall.tenant, BUS, "resident:x")
    other = "default"
    assert (await hall.requests.listing(other)).total == 0
    with pytest.raises(NoSuchRequest):
        await hall.requests.thread(other, 1)
    assert await hall.requests.similar(other, BUS.title) == ()


async def test_the_demo_has_an_example_of_each_outcome_once(hall: Hall) -> None:
    run = SimpleNamespace(broker=hall.broker, tenant=hall.tenant)
    assert await demo.handle(cast(Any, run)) == {"asked": 4}
    assert await demo.handle(cast(Any, run)) == {"asked": 0}
    found = await hall.requests.statistics(hall.tenant)
    assert found.counts == {"open": 1, "working": 0, "answered": 1, "published": 1, "declined": 1}
    assert (found.median, found.oldest) == (12.0, 3)
    (published,) = (await hall.requests.listing(hall.tenant, states=["published"])).requests
    assert (published.dataset, published.days, published.posts) == ("aed", 6, 2)
    assert all("模擬" in one.title for one in (await hall.requests.listing(hall.tenant)).requests)


async def test_a_search_takes_its_words_as_they_are(hall: Hall) -> None:
    await hall.requests.ask(hall.tenant, BUS, "resident:x")
    assert (await hall.requests.listing(hall.tenant, q="GTFS")).total == 1
    assert (await hall.requests.listing(hall.tenant, q="%")).total == 0
    assert (await hall.requests.listing(hall.tenant, states=["declined"])).total == 0


async def test_nobody_is_flooded_with_mails_by_others_nor_sent_their_words(hall: Hall) -> None:
    for number in range(5):
        title = f"当選 https://x.example/{number}"
        spam = Asking(title, "受け取ってください", "", "Victim@mail.example")
        await hall.requests.ask(hall.tenant, spam, "anonymous")
    sent = await hall.all("select subject || body from message where tenant = %s", hall.tenant)
    assert len(sent) == asking.MOST_ASKED_A_DAY
    assert not any("x.example" in text or "当選" in text for (text,) in sent)
