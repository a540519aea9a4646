"""An agreement counts once both have signed, within its dates and until it is revoked."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from tamamo.kernel import time
from tamamo.kernel.database import transaction
from tamamo.kernel.errors import Forbidden
from tamamo.kernel.identity.model import INSTALLATION, Role, resident_of
from tamamo.kernel.towns import Towns
from tamamo.kernel.towns.agreement import State, Terms
from tamamo.kernel.towns.errors import AgreementRefused, InvalidAgreement, NoSuchAgreement
from tests.kernel.towns.conftest import ADMIN, Office, person, titled
from tests.people import close, dismiss, settle

GAUGE, RAIN, LEVEL = "https://x.example/Gauge", "https://x.example/Rain", "https://x.example/level"
OWNER, READER = person(11, "ayagawa"), person(12, "default")
DAY = timedelta(days=1)


def terms(**changed: object) -> Terms:
    begun = time.now() - timedelta(seconds=1)
    usual = Terms("ayagawa", "default", frozenset({GAUGE}), frozenset({"read"}), begun)
    return replace(usual, **changed)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
async def _town(office: Office) -> None:
    await office.service.create(ADMIN, titled("ayagawa"))
    async with transaction(office.pool) as connection:
        await settle(connection, OWNER, READER)


async def signed(office: Office, wanted: Terms, amends: UUID | None = None) -> UUID:
    made = await office.agreements.propose(OWNER, "ayagawa", wanted, amends)
    await office.agreements.sign(OWNER, "ayagawa", made.id)
    await office.agreements.sign(READER, "default", made.id)
    return made.id


async def test_it_counts_with_the_second_signature_and_not_before(office: Office) -> None:
    made = await office.agreements.propose(READER, "default", terms())
    assert made.state(time.now()) is State.PROPOSED
    await office.agreements.sign(OWNER, "ayagawa", made.id)
    assert office.towns.shares("default") == ()
    done = await office.agreements.sign(READER, "default", made.id)
    assert done.state(time.now()) is State.IN_FORCE
    (share,) = office.towns.shares("default")
    assert (share.owner, share.types, share.attrs) == ("ayagawa", {GAUGE}, None)
    assert office.towns.shares("default", "subscribe") == ()
    assert office.towns.shares("ayagawa") == ()
    for tenant in ("ayagawa", "default"):
        acts = [act for act in await office.audited(tenant) if act[1].startswith("agreement.")]
        assert acts == [
            ("user:12", "agreement.propose", f"agreement:{made.id}"),
            ("user:11", "agreement.sign", f"agreement:{made.id}"),
            ("user:12", "agreement.sign", f"agreement:{made.id}"),
        ]


async def test_people_of_the_reader_reach_what_is_shared_and_nobody_else_does(
    office: Office,
) -> None:
    await signed(office, terms(attrs=frozenset({LEVEL})))
    access = await office.identity.access(resident_of("default"), "ayagawa")
    assert access.read.allows([GAUGE])
    assert not access.read.allows([RAIN])
    assert access.read.attrs_of([GAUGE]) == {LEVEL}
    assert not access.subscribe.allows([GAUGE])
    assert not access.write
    stranger = await office.identity.access(resident_of("kanonji"), "ayagawa")
    assert not stranger.read


async def test_what_is_for_following_only_is_not_read(office: Office) -> None:
    await signed(office, terms(actions=frozenset({"subscribe"})))
    access = await office.identity.access(resident_of("default"), "ayagawa")
    assert access.subscribe.allows([GAUGE])
    assert not access.read
    assert office.towns.shares("default") == ()


async def test_it_ends_at_once_when_revoked_by_either_side(office: Office) -> None:
    for side, actor in (("ayagawa", OWNER), ("default", READER)):
        agreement_id = await signed(office, terms())
        assert (await office.identity.access(resident_of("default"), "ayagawa")).read
        revoked = await office.agreements.revoke(actor, side, agreement_id, " no longer ")
        assert revoked.state(time.now()) is State.REVOKED
        assert revoked.revocation is not None
        assert (revoked.revocation.side, revoked.revocation.reason) == (side, "no longer")
        assert office.towns.shares("default") == ()
        assert not (await office.identity.access(resident_of("default"), "ayagawa")).read
        with pytest.raises(AgreementRefused):
            await office.agreements.revoke(actor, side, agreement_id, "again")
        with pytest.raises(AgreementRefused):
            await office.agreements.sign(person(13, side), side, agreement_id)


async def test_another_process_learns_of_it_at_its_next_look(office: Office) -> None:
    elsewhere = Towns(office.pool)
    agreement_id = await signed(office, terms())
    await elsewhere.refresh()
    seen = elsewhere.version
    assert len(elsewhere.shares("default")) == 1
    await elsewhere.refresh()
    assert elsewhere.version == seen
    await office.agreements.revoke(OWNER, "ayagawa", agreement_id, "over")
    await elsewhere.refresh()
    assert elsewhere.shares("default") == ()
    assert elsewhere.version > seen


async def test_it_begins_and_ends_with_its_dates(office: Office) -> None:
    now = time.now()
    agreement_id = await signed(office, terms(valid_from=now + DAY, valid_to=now + 2 * DAY))
    found = await office.agreements.find(agreement_id)
    assert [found.state(now + days * DAY) for days in (0, 1, 2)] == [
        State.SIGNED,
        State.IN_FORCE,
        State.EXPIRED,
    ]
    shown = []
    for days in (0, 1, 1.5, 2):
        office.towns.turn(now + days * DAY)
        shown.append(len(office.towns.shares("default")))
    assert shown == [0, 1, 1, 0]


async def test_only_an_approver_of_a_side_signs_for_it(office: Office) -> None:
    made = await office.agreements.propose(OWNER, "ayagawa", terms())
    for actor in (
        READER,
        person(13, "ayagawa", Role.EDITOR),
        person(13, "ayagawa", Role.OPERATOR),
        ADMIN,
        INSTALLATION,
    ):
        with pytest.raises(Forbidden):
            await office.agreements.sign(actor, "ayagawa", made.id)
    other = person(13, "ayagawa", types=(RAIN,))
    with pytest.raises(Forbidden, match="answer for"):
        await office.agreements.sign(other, "ayagawa", made.id)
    fitting = person(14, "ayagawa", types=(RAIN, GAUGE))
    async with transaction(office.pool) as connection:
        await settle(connection, fitting)
    await office.agreements.sign(fitting, "ayagawa", made.id)
    with pytest.raises(AgreementRefused, match="already"):
        await office.agreements.sign(OWNER, "ayagawa", made.id)


async def test_a_role_for_some_types_is_no_word_about_others(office: Office) -> None:
    agreement_id = await signed(office, terms())
    for side in ("ayagawa", "default"):
        other, same = (person(n, side, types=(kind,)) for n, kind in ((17, RAIN), (18, GAUGE)))
        for act in (
            office.agreements.propose(other, side, terms()),
            office.agreements.revoke(other, side, agreement_id, "x"),
        ):
            with pytest.raises(Forbidden, match="other types"):
                await act
        made = await office.agreements.propose(same, side, terms())
        with pytest.raises(Forbidden, match="answer for"):
            await office.agreements.sign(other, side, made.id)
        await office.agreements.sign(same, side, made.id)
    assert len(office.towns.shares("default")) == 1


async def test_nobody_signs_for_both(office: Office) -> None:
    both = replace(person(16, "ayagawa"), grants=OWNER.grants + READER.grants)
    async with transaction(office.pool) as connection:
        await settle(connection, both)
    made = await office.agreements.propose(both, "ayagawa", terms())
    await office.agreements.sign(both, "ayagawa", made.id)
    with pytest.raises(AgreementRefused, match="both"):
        await office.agreements.sign(both, "default", made.id)


@pytest.mark.parametrize("leaving", ["role taken away", "account closed", "answers for less"])
async def test_a_first_signature_counts_only_while_its_signer_may_sign(
    office: Office, leaving: str
) -> None:
    made = await office.agreements.propose(OWNER, "ayagawa", terms())
    await office.agreements.sign(OWNER, "ayagawa", made.id)
    async with transaction(office.pool) as connection:
        if leaving == "account closed":
            await close(connection, OWNER)
        else:
            await dismiss(connection, OWNER, "ayagawa")
        if leaving == "answers for less":
            await settle(connection, person(11, "ayagawa", types=(RAIN,)))
        await settle(connection, person(14, "ayagawa"))
    found = await office.agreements.find(made.id)
    assert await office.agreements.lapsed(found) == {"ayagawa"}
    with pytest.raises(AgreementRefused, match="signs anew first") as refused:
        await office.agreements.sign(READER, "default", made.id)
    assert (refused.value.extra["why"], refused.value.extra["side"]) == ("lapsed", "ayagawa")
    assert office.towns.shares("default") == ()
    await office.agreements.sign(person(14, "ayagawa"), "ayagawa", made.id)
    done = await office.agreements.sign(READER, "default", made.id)
    assert done.state(time.now()) is State.IN_FORCE
    assert done.owner_signature is not None and done.owner_signature.by == "user:14"
    async with transaction(office.pool) as connection:
        cursor = await connection.execute(
            "select before->>'signed_by' from audit_event where tenant = 'ayagawa'"
            " and actor = 'user:14' and action = 'agreement.sign'"
        )
        assert await cursor.fetchall() == [("user:11",)]


async def test_what_both_have_signed_stays_when_a_signer_leaves(office: Office) -> None:
    agreement_id = await signed(office, terms(valid_from=time.now() + DAY))
    async with transaction(office.pool) as connection:
        await close(connection, OWNER)
    found = await office.agreements.find(agreement_id)
    assert await office.agreements.lapsed(found) == frozenset()
    assert found.state(time.now() + DAY) is State.IN_FORCE


async def test_strangers_neither_propose_nor_revoke_nor_see(office: Office) -> None:
    await office.service.create(ADMIN, titled("kanonji"))
    stranger = person(15, "kanonji")
    with pytest.raises(Forbidden):
        await office.agreements.propose(stranger, "ayagawa", terms())
    with pytest.raises(InvalidAgreement):
        await office.agreements.propose(stranger, "kanonji", terms())
    agreement_id = await signed(office, terms())
    with pytest.raises(NoSuchAgreement):
        await office.agreements.revoke(stranger, "kanonji", agreement_id, "x")
    with pytest.raises(Forbidden):
        await office.agreements.revoke(stranger, "default", agreement_id, "x")
    with pytest.raises(NoSuchAgreement):
        await office.agreements.find(agreement_id, "kanonji")
    assert await office.agreements.listed("kanonji") == []
    with pytest.raises(NoSuchAgreement):
        await office.agreements.find(uuid4())


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"types": frozenset[str]()}, "types"),
        ({"types": frozenset({"*"})}, "types"),
        ({"types": frozenset({"Gauge"})}, "types"),
        ({"attrs": frozenset[str]()}, "attrs"),
        ({"actions": frozenset[str]()}, "actions"),
        ({"actions": frozenset({"write"})}, "actions"),
        ({"valid_to": time.now() - 2 * DAY}, "valid_to"),
        ({"valid_from": time.now() - 3 * DAY, "valid_to": time.now() - DAY}, "valid_to"),
        ({"purpose": "x" * 1001}, "purpose"),
        ({"owner": "default"}, "reader"),
        ({"owner": "nowhere"}, "owner"),
    ],
)
async def test_terms_that_cannot_be_are_named(
    office: Office, wrong: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidAgreement) as caught:
        await office.agreements.propose(READER, "default", terms(**wrong))
    assert [error["field"] for error in caught.value.extra["errors"]] == [field]
    assert await office.agreements.listed() == []


async def test_personal_data_are_never_shared(office: Office) -> None:
    made = await office.agreements.propose(OWNER, "ayagawa", terms())
    async with office.pool.connection() as connection:
        await connection.execute(
            "insert into owned_type (tenant, type, personal) values ('ayagawa', %s, true)", [GAUGE]
        )
    with pytest.raises(InvalidAgreement, match="Personal"):
        await office.agreements.propose(OWNER, "ayagawa", terms())
    with pytest.raises(InvalidAgreement, match="Personal"):
        await office.agreements.sign(READER, "default", made.id)


async def test_an_amendment_takes_the_place_of_the_old_from_its_first_day(office: Office) -> None:
    now = time.now()
    old = await signed(office, terms())
    wider = terms(types=frozenset({GAUGE, RAIN}), valid_from=now + DAY)
    new = await signed(office, wider, amends=old)
    office.towns.turn(now)
    assert [share.id for share in office.towns.shares("default")] == [old]
    office.towns.turn(now + DAY)
    assert [share.id for share in office.towns.shares("default")] == [new]
    found = await office.agreements.find(old)
    assert found.state(now) is State.IN_FORCE
    assert found.state(now + DAY) is State.AMENDED
    assert [one.id for one in await office.agreements.line(old)] == [old, new]
    assert [one.id for one in await office.agreements.line(new)] == [old, new]
    # What was amended does not come back when the amendment is revoked.
    await office.agreements.revoke(READER, "default", new, "too wide")
    office.towns.turn(now + DAY)
    assert office.towns.shares("default") == ()


async def test_an_amendment_that_nobody_signed_changes_nothing(office: Office) -> None:
    old = await signed(office, terms())
    proposal = await office.agreements.propose(READER, "default", terms(), old)
    assert [share.id for share in office.towns.shares("default")] == [old]
    with pytest.raises(AgreementRefused):
        await office.agreements.propose(READER, "default", terms(), proposal.id)
    turned = terms(owner="default", reader="ayagawa")
    with pytest.raises(AgreementRefused):
        await office.agreements.propose(READER, "default", turned, old)


async def test_a_suspended_owner_shares_nothing(office: Office) -> None:
    await signed(office, terms())
    await office.service.suspend(ADMIN, "ayagawa", "unpaid")
    assert office.towns.shares("default") == ()
    await office.service.resume(ADMIN, "ayagawa")
    assert len(office.towns.shares("default")) == 1


async def test_the_view_for_others_says_the_same(office: Office) -> None:
    agreement_id = await signed(office, terms(actions=frozenset({"read", "subscribe"})))
    await signed(office, terms(valid_from=time.now() + DAY))
    async with office.pool.connection() as connection:
        cursor = await connection.execute("select id, owner, reader from agreement_in_force")
        assert await cursor.fetchall() == [(agreement_id, "ayagawa", "default")]
    assert len(office.towns.shares("default", "subscribe")) == 1
