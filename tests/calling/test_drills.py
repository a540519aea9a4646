"""A drill calls whom it may, by its own clock, beside the town's real work."""

from datetime import timedelta

from tamamo.calling import store
from tamamo.calling.call import State
from tamamo.kernel.database import transaction
from tests.calling.conftest import START, Night

DRILL = "default-drill-20260601-abcdef"


async def drilled(night: Night, *recipients: str) -> None:
    """Make a drill of the town, with its people, that may reach only some."""
    await night.sql("insert into tenant (name) values (%s)", DRILL)
    await night.sql(
        "insert into drill (tenant, town, title, state, recipients, begins_at, created_by,"
        " expires_at) values (%s, 'default', '訓練', 'running', %s, now(), 'user:1',"
        " now() + interval '1 day')",
        DRILL,
        list(recipients),
    )
    async with transaction(night.pool) as connection:
        await store.copy(connection, "default", DRILL)


async def test_a_drill_calls_only_those_on_its_list(night: Night) -> None:
    await drilled(night, "chiba@example.jp")
    night.tenant = DRILL
    night.event("a", "firing")
    await night.run()
    await night.wait(60)
    found = await night.sql("select tenant, recipient, state, reason, drill from message")
    assert {row[0] for row in found} == {DRILL}, "the town's own people are not called"
    assert {row[1] for row in found if row[2] == "queued"} == {"chiba@example.jp"}
    assert all(row[3] == "drill" for row in found if row[2] == "withheld")
    assert all(row[4] for row in found)
    people = {one.name: one.state for one in await night.called((await night.calls())[0])}
    assert people["aoki"] == people["doi"] == "unreached" and people["chiba"] == "queued"


async def test_who_is_withheld_is_not_waited_for(night: Night) -> None:
    await drilled(night, "chiba@example.jp")
    night.tenant = DRILL
    night.event("a", "firing")
    await night.run()
    assert [at for at, name in await night.timeline() if name == "chiba"] == [0]


async def test_a_drill_goes_by_its_own_clock(night: Night) -> None:
    """Sixty times as fast: five minutes of the tree are five seconds of ours."""
    await drilled(night, *(f"{name}@example.jp" for name in night.people))
    real = night.moment

    def clock(tenant: str) -> "object":
        return real + (night.moment - real) / 60 if tenant == "default" else night.moment

    night.calling.clock = clock  # type: ignore[assignment]
    for night.tenant in ("default", DRILL):
        night.event("a", "firing", at=START)
    await night.run()
    night.turn(minutes=6)
    await night.run()
    names = {}
    for night.tenant in ("default", DRILL):
        names[night.tenant] = {name for _, name in await night.timeline()}
    assert names == {"default": {"aoki", "baba"}, DRILL: {"aoki", "baba", "chiba"}}


async def test_a_drill_that_is_over_calls_nobody(night: Night) -> None:
    await drilled(night, "aoki@example.jp")
    night.tenant = DRILL
    night.event("a", "firing")
    await night.sql("update drill set state = 'ended'")
    await night.run()
    await night.wait(10)
    found = await night.sql("select distinct state, reason from message")
    assert found == [("withheld", "drill_over")]
    [call] = await night.calls()
    assert call.state in (State.RUNNING, State.UNANSWERED)
    assert call.started_at <= START + timedelta(minutes=10)
