"""What was approved is what is published, and what was published stays as it was said."""

from datetime import timedelta

import pytest

from tamamo.kernel.database import transaction
from tamamo.publishing.warnings import Published, WarningConflict, composing, setup
from tamamo.publishing.warnings.content import Area, InvalidWarning
from tamamo.publishing.warnings.setup import InvalidSetup
from tests.publishing.warnings.conftest import NOON, Hall, order

_TEMPLATE = """
[[templates]]
id = "order"
name = { ja = "避難指示", en = "Evacuation order" }
event = { ja = "避難指示", en = "Evacuation order" }
"""
_RING = "[[134.0, 34.3], [134.1, 34.3], [134.1, 34.4], [134.0, 34.3]]"


def _places(ja: str, polygon: str = _RING, issuer: str = "") -> str:
    return f"""
[issuer]
contact = "{issuer}"

[[places]]
id = "kita"
name = {{ ja = "{ja}", en = "{ja}" }}
polygon = {polygon}
{_TEMPLATE}"""


async def _set(hall: Hall, body: str) -> None:
    async with transaction(hall.pool) as connection:
        was = (await setup.read(connection, hall.tenant)).version
        await setup.write(connection, hall.approver, hall.tenant, body, was)


def _here() -> Area:
    return Area(places=("kita",))


@pytest.mark.parametrize(
    "changed",
    [
        _places("玉藻市全域"),
        _places("北", polygon=_RING.replace("134.1", "134.9")),
        _places("北", issuer="090-0000-0000"),
    ],
)
async def test_other_places_or_another_issuer_void_what_was_agreed(
    hall: Hall, changed: str
) -> None:
    w, tenant = hall.warnings, hall.tenant
    await _set(hall, _places("北"))
    ready = await hall.approved(await w.draft(hall.writer, tenant, order(area=_here())))
    waiting = await w.draft(hall.writer, tenant, order(area=_here()))
    await w.submit(hall.writer, tenant, waiting.id, 1)
    await _set(hall, changed)
    with pytest.raises(WarningConflict) as refused:
        await w.publish(hall.writer, tenant, ready.id, 1)
    assert (refused.value.why, refused.value.extra["state"]) == ("state", "draft")
    # Whoever still has the page of before does not approve what they have not seen.
    with pytest.raises(WarningConflict) as unseen:
        await w.approve(hall.approver, tenant, waiting.id, 1)
    assert unseen.value.why == "state"
    noted = await hall.all(
        "select after ->> 'draft', after ->> 'setup', actor from audit_event"
        " where tenant = %s and action = 'warning.take_back'", tenant,
    )  # fmt: skip
    assert sorted(noted) == sorted((str(one.id), "2", "user:2") for one in (ready, waiting))


async def test_other_templates_void_nothing(hall: Hall) -> None:
    await _set(hall, _places("北"))
    ready = await hall.approved(
        await hall.warnings.draft(hall.writer, hall.tenant, order(area=_here()))
    )
    await _set(hall, _places("北") + _TEMPLATE.replace('"order"', '"other"'))
    message = await hall.warnings.publish(hall.writer, hall.tenant, ready.id, 1)
    assert message.content.headline.ja.endswith("北")


async def test_a_published_area_keeps_its_name(hall: Hall) -> None:
    w, tenant = hall.warnings, hall.tenant
    await _set(hall, _places("北"))
    message = await hall.published(await w.draft(hall.writer, tenant, order(area=_here())))
    await _set(hall, _places("南"))
    assert await _area(hall, message) == "北"
    # What follows it is written today, and says so.
    corrected = await hall.published(await w.correct(hall.writer, tenant, message.id))
    assert await _area(hall, corrected) == "南"


async def _area(hall: Hall, message: Published) -> str:
    async with transaction(hall.pool) as connection:
        office = await hall.warnings.office(connection, hall.tenant)
    return composing.area_words(message.content, office).ja


@pytest.mark.parametrize("polygon", ["[[nan, 34.3], [1, 1], [2, 2], [nan, 34.3]]",
                                     "[[134.0, 34.3], [134.1, 34.3]]",
                                     str([[0.0, 0.0]] * 501)])  # fmt: skip
async def test_a_place_has_a_polygon_that_a_document_can_hold(hall: Hall, polygon: str) -> None:
    with pytest.raises(InvalidSetup, match="kita"):
        await _set(hall, _places("北", polygon=polygon))


async def test_a_withdrawal_says_until_when_it_stands(hall: Hall) -> None:
    """Refused with a reason, and not by the database when it is published."""
    w, tenant = hall.warnings, hall.tenant
    message = await hall.published(await w.draft(hall.writer, tenant, order()))
    draft = await w.withdraw(hall.writer, tenant, message.id)
    for wrong in ({"valid_to": None}, {"valid_to": NOON - timedelta(hours=1)},
                  {"valid_from": NOON + timedelta(hours=9)}):  # fmt: skip
        with pytest.raises(InvalidWarning) as refused:
            await w.edit(hall.writer, tenant, draft.id, 1, order(**wrong))
        assert [fault.field for fault in refused.value.faults] == ["valid_to"]
    hall.at(5.97)
    assert (await hall.published(draft)).type == "Cancel"
