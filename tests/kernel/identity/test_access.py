"""What each role may do in a town: the table of docs/subsystems/identity.md, held to the code."""

import pytest

from tamamo.kernel.errors import Forbidden
from tamamo.kernel.identity import (
    ANONYMOUS,
    EVERY_TENANT,
    EVERYTHING,
    GRANTABLE,
    INSTALLATION,
    NOTHING,
    OPEN,
    Access,
    Actor,
    Grant,
    Part,
    Policy,
    Reach,
    Right,
    Role,
    Share,
    access_of,
    require_operator,
    resident_of,
)
from tamamo.kernel.identity.resolve import joined
from tests.kernel.identity.conftest import GAUGE, SHELTER, WATCHED

TOWN = "ayagawa"
PUBLIC = frozenset({SHELTER, WATCHED})
POLICY = Policy(PUBLIC, frozenset({WATCHED}), ((GAUGE, "a/b"), (WATCHED, "c")))


def holder(role: Role, tenant: str = TOWN, **limits: object) -> Actor:
    return Actor("user:1", grants=(Grant("g", tenant, role, **limits),))  # type: ignore[arg-type]


def of(actor: Actor, policy: Policy = POLICY, tenant: str = TOWN) -> Access:
    return access_of(actor, tenant, policy)


def reaches(reach: Reach) -> str:
    """The types a reach takes, as letters: S is public, G is not, W is personal."""
    types = {"S": SHELTER, "G": GAUGE, "W": WATCHED}
    return "".join(letter for letter, type_ in types.items() if reach.allows([type_]))


@pytest.mark.parametrize(
    ("actor", "read", "write", "subscribe"),
    [
        (ANONYMOUS, "S", "", "S"),
        (holder(Role.RESIDENT), "S", "", "S"),
        (holder(Role.REPORTER), "S", "", "S"),
        (holder(Role.DEVELOPER), "SG", "", "SG"),
        (holder(Role.DEVELOPER, types=(GAUGE,)), "SG", "", "SG"),
        (holder(Role.DEVELOPER, types=(WATCHED,)), "SW", "", "SW"),
        (holder(Role.EDITOR), "SG", "SG", "SG"),
        (holder(Role.EDITOR, types=(GAUGE,)), "SG", "G", "SG"),
        (holder(Role.EDITOR, types=(WATCHED,)), "SGW", "W", "SGW"),
        (holder(Role.EDITOR, unit="a"), "SG", "G", "SG"),
        (holder(Role.EDITOR, unit="a", types=(SHELTER,)), "SG", "", "SG"),
        (holder(Role.EDITOR, unit="c"), "SGW", "W", "SGW"),
        (holder(Role.EDITOR, unit="nothing"), "SG", "", "SG"),
        (holder(Role.APPROVER, types=(SHELTER,)), "SG", "S", "SG"),
        (holder(Role.AUDITOR), "SGW", "", "SGW"),
        (holder(Role.OPERATOR), "SGW", "SGW", "SGW"),
        (holder(Role.OPERATOR, EVERY_TENANT), "SGW", "SGW", "SGW"),
        (holder(Role.OPERATOR, "kanonji"), "S", "", "S"),
        (holder(Role.DEVICE, types=(GAUGE,)), "S", "G", "S"),
        (INSTALLATION, "SGW", "SGW", "SGW"),
        (OPEN, "SGW", "SGW", "SGW"),
    ],
)
def test_what_each_role_may_do(actor: Actor, read: str, write: str, subscribe: str) -> None:
    access = of(actor)
    found = reaches(access.read), reaches(access.write), reaches(access.subscribe)
    assert found == (read, write, subscribe)


def test_every_role_that_can_be_given_stands_in_the_table() -> None:
    (marks,) = list(test_what_each_role_may_do.pytestmark)  # type: ignore[attr-defined]
    actors: list[Actor] = [row[0] for row in marks.args[1]]
    assert {grant.role for actor in actors for grant in actor.grants} >= set(GRANTABLE)


@pytest.mark.parametrize(
    ("unit", "role", "attrs"),
    [
        ("b", Role.EDITOR, {"urn:width", "urn:lift"}),
        ("b/c", Role.EDITOR, {"urn:lift"}),
        ("b", Role.DEVELOPER, set()),
        ("x", Role.EDITOR, set()),
        ("a", Role.EDITOR, None),
    ],
)
def test_a_further_unit_writes_the_attributes_it_answers_for(
    unit: str, role: Role, attrs: set[str] | None
) -> None:
    parts = ((SHELTER, "b", frozenset({"urn:width"})), (SHELTER, "b/c", frozenset({"urn:lift"})))
    policy = Policy(owned=((SHELTER, "a"),), parts=parts)
    write = of(holder(role, unit=unit), policy).write
    assert write.attrs_of([SHELTER]) == (None if attrs is None else frozenset(attrs))
    assert write.allows([SHELTER]) is (attrs is None or bool(attrs))
    assert not write.allows([SHELTER, GAUGE])


def test_personal_data_have_no_further_units() -> None:
    parts = ((WATCHED, "b", frozenset({"urn:name"})),)
    policy = Policy(personal=frozenset({WATCHED}), parts=parts)
    assert not of(holder(Role.EDITOR, unit="b"), policy).write


@pytest.mark.parametrize(
    ("public", "shown"),
    [(set[str](), ""), ({"*"}, "SG"), ({"*", WATCHED}, "SG"), ({WATCHED}, ""), ({GAUGE}, "G")],
)
def test_what_is_public_is_never_personal(public: set[str], shown: str) -> None:
    policy = Policy(frozenset(public), frozenset({WATCHED}))
    assert reaches(of(ANONYMOUS, policy).read) == shown


def test_without_personal_types_everything_public_is_quick() -> None:
    access = of(ANONYMOUS, Policy(frozenset("*")))
    assert access.read.everything and not access.write and not access.everything


def test_operators_have_everything_at_one_look() -> None:
    assert of(INSTALLATION).everything and of(holder(Role.OPERATOR)).everything
    assert not of(holder(Role.AUDITOR)).everything


@pytest.mark.parametrize(
    ("rights", "read", "write", "subscribe", "roles"),
    [
        (set(Right), "SGW", "SGW", "SGW", True),
        ({Right.READ}, "SGW", "", "", False),
        ({Right.WRITE}, "S", "SGW", "", False),
        ({Right.SUBSCRIBE}, "S", "", "SGW", False),
        ({Right.ADMINISTER}, "S", "", "", True),
        (set(), "S", "", "", False),
    ],
)
def test_a_token_leaves_what_its_scopes_name(
    rights: set[Right], read: str, write: str, subscribe: str, roles: bool
) -> None:
    grants = (Grant("g", TOWN, Role.OPERATOR),)
    actor = Actor("user:1", grants=grants, rights=frozenset(rights))
    access = of(actor)
    found = reaches(access.read), reaches(access.write), reaches(access.subscribe)
    assert found == (read, write, subscribe)
    assert not access.everything
    assert (access.roles == {Role.OPERATOR}) is roles
    if roles:
        require_operator(actor, TOWN)
    else:
        for refused in (
            lambda: access.require_role(Role.EDITOR),
            lambda: require_operator(actor, TOWN),
        ):
            with pytest.raises(Forbidden):
                refused()


def test_grants_add_up_and_two_types_granted_apart_are_granted_together() -> None:
    actor = Actor("u", grants=(
        Grant("1", TOWN, Role.EDITOR, types=(GAUGE,)),
        Grant("2", TOWN, Role.APPROVER, types=(SHELTER,)),
        Grant("3", TOWN, Role.EDITOR, types=(GAUGE,), scopes=("/x",)),
    ))  # fmt: skip
    write = of(actor).write
    assert write.allows([GAUGE, SHELTER]) and not write.allows([GAUGE, WATCHED])
    assert of(actor).roles == {Role.EDITOR, Role.APPROVER}


def test_scopes_limit_what_is_written() -> None:
    write = of(holder(Role.EDITOR, types=(GAUGE,), scopes=("/Kagawa/Ayagawa",))).write
    assert write.allows([GAUGE], ["/Kagawa/Ayagawa/Sue"])
    assert not write.allows([GAUGE], ["/Kagawa/Ayagawacho"]) and not write.allows([GAUGE])


def test_what_is_shared_counts_for_the_people_of_the_other_town_only() -> None:
    level = frozenset({"level"})
    shares = (
        Share("default", Part(types=frozenset({GAUGE}), attrs=level), may_subscribe=True),
        Share("default", Part(types=frozenset({WATCHED}))),
        Share("kanonji", Part(types=frozenset({GAUGE})), may_subscribe=True, may_read=False),
    )
    policy = Policy(personal=frozenset({WATCHED}), shares=shares)
    for reader in (resident_of("default"), Actor("user:1", tenant="default")):
        access = of(reader, policy)
        assert access.read.attrs_of([GAUGE]) == level and reaches(access.read) == "G"
        assert reaches(access.subscribe) == "G" and access.write == NOTHING
    other = of(resident_of("kanonji"), policy)
    assert (reaches(other.read), reaches(other.subscribe)) == ("", "G")
    for stranger in (ANONYMOUS, resident_of(TOWN)):
        assert of(stranger, policy).read == NOTHING


def test_roles_are_asked_for_by_name() -> None:
    access = of(holder(Role.EDITOR))
    access.require_role(Role.EDITOR, Role.APPROVER)
    with pytest.raises(Forbidden, match="approver"):
        access.require_role(Role.APPROVER)
    of(holder(Role.OPERATOR)).require_role(Role.APPROVER)


def test_parts_that_say_the_same_are_one() -> None:
    a, b = Part(types=frozenset({GAUGE})), Part(types=frozenset({SHELTER}))
    assert joined([a, b, a]).parts == (Part(types=frozenset({GAUGE, SHELTER})),)
    assert joined([a, Part()]) == EVERYTHING
    assert joined([Part(but_types=frozenset({WATCHED})), a]).allows([GAUGE])
