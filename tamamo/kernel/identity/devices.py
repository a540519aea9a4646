"""Devices and their keys: one topic or one entity type each, shown once, rotated without a gap."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from tamamo.kernel import sql
from tamamo.kernel.audit import Event, append
from tamamo.kernel.database import Connection
from tamamo.kernel.identity.credentials import KEY_PREFIX, digest_of, new_key, refused
from tamamo.kernel.identity.errors import Ended, InvalidInput, NotThere
from tamamo.kernel.identity.model import Actor, Grant, Role, require_operator
from tamamo.kernel.identity.refusals import KeyRefused
from tamamo.kernel.time import now

_SQL = sql.load(__package__)

#: How long the old key of a device works beside the new one, unless said otherwise.
OVERLAP: Final = timedelta(hours=24)
_LONGEST_OVERLAP: Final = timedelta(days=90)
_LONGEST_NAME, _LONGEST_TOPIC = 200, 1000
#: Why a key does not count → the word it is counted by.
_REASONS: Final = {
    "was revoked": "revoked",
    "has expired": "expired",
    "was replaced by a newer one": "replaced",
}
#: Characters of a key that are shown later, to tell keys apart.
_HINT: Final = 4


@dataclass(frozen=True, slots=True)
class Device:
    """A device that showed a key that counts, or was found by its id."""

    tenant: str
    id: str
    name: str
    #: IRI of the one type of entities it writes; None: it publishes to `topic`.
    type: str | None
    topic: str | None

    def may_publish(self, topic: str) -> bool:
        """Whether it may publish to an MQTT topic."""
        return self.topic is not None and self.topic == topic

    def actor(self) -> Actor:
        """Return the device as somebody who asks: it writes its type, and reads what is public."""
        types = () if self.type is None else (self.type,)
        grant = Grant(self.id, self.tenant, Role.DEVICE, types=types)
        return Actor(f"device:{self.id}", self.name, (grant,))


@dataclass(frozen=True, slots=True)
class Key:
    """A key that opens something, or did; never the key itself."""

    hint: str
    created_at: datetime
    ends_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Registered:
    """A device as operators see it."""

    id: str
    name: str
    type: str | None
    topic: str | None
    created_at: datetime
    created_by: str
    valid_to: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    #: Those that still count, the newest first.
    keys: tuple[Key, ...]

    def state(self, moment: datetime) -> str:
        """Return `active`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.valid_to is not None and self.valid_to <= moment else "active"


async def find(connection: Connection, key: str) -> tuple[Device, bytes]:
    """Return the device a key belongs to, and the digest. Raises Unauthorized with the reason."""
    digest = digest_of(key)
    cursor = await connection.execute(_SQL["find_device_of_key"], {"digest": digest})
    row = await cursor.fetchone()
    if row is None:
        raise refused("This key is not known")
    if row[5] is not None:
        raise KeyRefused(refused(f"This key {row[5]}"), row[0], row[1], _REASONS[row[5]])
    return Device(*row[:5]), digest


async def find_many(
    connection: Connection, keys: Collection[str]
) -> dict[str, tuple[Device, bytes] | KeyRefused]:
    """Return by key the device and digest, or why it counts no more; unknown keys are left out."""
    by_digest = {digest_of(key): key for key in keys}
    cursor = await connection.execute(_SQL["find_devices_of_keys"], {"digests": list(by_digest)})
    result: dict[str, tuple[Device, bytes] | KeyRefused] = {}
    for digest, *found, ended in await cursor.fetchall():
        device = Device(*found)
        if ended is not None:
            refusal = refused(f"This key {ended}")
            result[by_digest[digest]] = KeyRefused(
                refusal, device.tenant, device.id, _REASONS[ended]
            )
        else:
            result[by_digest[digest]] = (device, digest)
    return result


async def find_by_id(connection: Connection, device_id: str) -> Device | None:
    """Return a device that may act."""
    if not is_id(device_id):
        return None
    cursor = await connection.execute(_SQL["find_device"], {"id": device_id})
    row = await cursor.fetchone()
    return None if row is None else Device(*row)


async def create(
    connection: Connection,
    by: Actor,
    tenant: str,
    name: str,
    *,
    type: str | None = None,  # noqa: A002 - as everywhere in the API
    topic: str | None = None,
    valid_to: datetime | None = None,
) -> tuple[str, str]:
    """Register a device; return its id and its key, which is shown this once.

    type: IRI; topic: without wildcards; one of them. Raises InvalidInput, Forbidden, NotThere.
    """
    require_operator(by, tenant)
    name = name.strip()
    _check_name(name)
    _check_target(type, topic)
    if valid_to is not None and valid_to <= now():
        raise InvalidInput("The end lies in the past", field="valid_to")
    cursor = await connection.execute(_SQL["has_tenant"], {"tenant": tenant})
    if await cursor.fetchone() is None:
        raise NotThere(f"There is no tenant {tenant!r}", field="tenant")
    values = {"tenant": tenant, "name": name, "type": type, "topic": topic}
    cursor = await connection.execute(
        _SQL["insert_device"], {**values, "by": by.subject, "valid_to": valid_to}
    )
    row = await cursor.fetchone()
    assert row is not None
    device_id: str = row[0]
    key = await _add_key(connection, by, tenant, device_id)
    after = {"name": name, "type": type, "topic": topic, "valid_to": valid_to, "hint": key[-_HINT:]}
    what = f"device:{device_id}"
    await append(connection, Event(tenant, by.subject, "key.create", what, after=after))
    return device_id, key


async def rotate(
    connection: Connection,
    by: Actor,
    tenant: str,
    device_id: str,
    overlap: timedelta = OVERLAP,
) -> str:
    """Return a new key for a device. The ones before work for `overlap` more, zero: no more.

    Raises NotThere, Ended, InvalidInput, Forbidden.
    """
    require_operator(by, tenant)
    if not timedelta() <= overlap <= _LONGEST_OVERLAP:
        days = _LONGEST_OVERLAP.days
        raise InvalidInput(f"The overlap is between nothing and {days} days", field="overlap")
    _, _, _, valid_to, revoked_at = await _lock(connection, tenant, device_id)
    if revoked_at is not None or (valid_to is not None and valid_to <= now()):
        raise Ended("The device was revoked or has expired: register it anew")
    ends_at = now() + overlap
    await connection.execute(
        _SQL["end_keys"], {"tenant": tenant, "id": device_id, "ends_at": ends_at}
    )
    key = await _add_key(connection, by, tenant, device_id)
    after = {"hint": key[-_HINT:], "before_end_at": ends_at}
    what = f"device:{device_id}"
    await append(connection, Event(tenant, by.subject, "key.rotate", what, after=after))
    return key


async def revoke(connection: Connection, by: Actor, tenant: str, device_id: str) -> None:
    """End a device and all its keys. Raises NotThere, Ended, Forbidden."""
    require_operator(by, tenant)
    name, type_, topic, _, revoked_at = await _lock(connection, tenant, device_id)
    if revoked_at is not None:
        raise Ended("The device was revoked before")
    await connection.execute(
        _SQL["revoke_device"], {"tenant": tenant, "id": device_id, "by": by.subject}
    )
    before = {"name": name, "type": type_, "topic": topic}
    what = f"device:{device_id}"
    await append(connection, Event(tenant, by.subject, "key.revoke", what, before=before))


async def listing(
    connection: Connection, tenant: str, device_id: str | None = None
) -> Sequence[Registered]:
    """Return the devices of a tenant by name, those that have ended too; or one of them."""
    if device_id is not None and not is_id(device_id):
        return []
    cursor = await connection.execute(_SQL["list_devices"], {"tenant": tenant, "id": device_id})
    return [
        Registered(*found, tuple(_key(*key) for key in keys))  # type: ignore[call-arg]
        for *found, keys in await cursor.fetchall()
    ]


def _key(hint: str, *moments: str | None) -> Key:
    created_at, ends_at, last_used_at = (
        None if moment is None else datetime.fromisoformat(moment) for moment in moments
    )
    assert created_at is not None
    return Key(hint, created_at, ends_at, last_used_at)


async def _add_key(connection: Connection, by: Actor, tenant: str, device_id: str) -> str:
    key = new_key()
    await connection.execute(
        _SQL["insert_key"],
        {
            "tenant": tenant,
            "id": device_id,
            "digest": digest_of(key),
            "hint": key[-_HINT:],
            "by": by.subject,
        },
    )
    return key


async def _lock(connection: Connection, tenant: str, device_id: str) -> tuple[Any, ...]:
    row = None
    if is_id(device_id):
        cursor = await connection.execute(_SQL["lock_device"], {"tenant": tenant, "id": device_id})
        row = await cursor.fetchone()
    if row is None:
        raise NotThere(f"The tenant {tenant!r} has no device {device_id}")
    return row


def _check_name(name: str) -> None:
    if not 1 <= len(name) <= _LONGEST_NAME or not name.isprintable():
        raise InvalidInput(
            f"A name has between 1 and {_LONGEST_NAME} printable characters", field="name"
        )


def _check_target(type_: str | None, topic: str | None) -> None:
    if (type_ is None) == (topic is None):
        raise InvalidInput("A key is for one entity type or for one topic", field="type")
    if type_ is not None and not (type_.isprintable() and urlsplit(type_).scheme):
        raise InvalidInput(f"The type must be an IRI, not {type_!r}", field="type")
    if topic is not None and not (
        1 <= len(topic) <= _LONGEST_TOPIC and topic.isprintable() and not set("#+") & set(topic)
    ):
        raise InvalidInput("A key is for one topic, without + and #", field="topic")


def is_id(text: str) -> bool:
    """Whether a text can be the id of a device."""
    with suppress(ValueError):
        return str(UUID(text)) == text
    return False


def is_key(token: str) -> bool:
    """Whether a token looks like a device key, and not like one of OAuth2."""
    return token.startswith(KEY_PREFIX)
