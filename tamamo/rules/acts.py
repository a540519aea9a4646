"""What people do with alerts: take note, and be left in peace for a while. Neither ends one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from tamamo.context.entities import write
from tamamo.context.entities.write import Mutation
from tamamo.context.model.entity import Instance
from tamamo.kernel import audit, drills, sql
from tamamo.kernel.audit import Event
from tamamo.kernel.database import Connection
from tamamo.kernel.time import now, to_text
from tamamo.rules import alert, events
from tamamo.rules.alert import Alert
from tamamo.rules.book import Silence
from tamamo.rules.errors import AlertNotOpen, Fault, NoSuchAlert, RuleInvalid
from tamamo.rules.events import Draft, Kind
from tamamo.rules.listing import alert_of, alerts
from tamamo.rules.state import FIRING, NORMAL, RECOVERING

_SQL = sql.load("tamamo.rules")
#: Who ends a silence whose time is over.
SYSTEM: Final = "system:rules"
_MOST: Final = 10_000


async def acknowledge(
    connection: Connection, tenant: str, alert_id: str, *, actor: str, note: str = ""
) -> Alert:
    """Note that somebody has seen to an alert; it stays as it is until the readings end it.

    It holds for this episode; a second one changes nothing. Raises NoSuchAlert, AlertNotOpen.
    """
    await _lock(connection, tenant)
    found = await _required(connection, tenant, alert_id)
    if found.acknowledged_by is not None and found.state != NORMAL:
        return found
    if found.state == NORMAL or not found.episode:
        raise AlertNotOpen(f"{alert_id} is {found.state}")
    moment = await _now(connection, tenant)
    await _write(connection, [found], alert.acknowledgement(actor, moment))
    before = {"state": found.state, "episode": found.episode}
    after = {**before, "acknowledgedBy": actor} | ({"note": note} if note else {})
    await audit.append(
        connection, Event(tenant, actor, "alert.acknowledge", alert_id, before, after)
    )
    await events.add(connection, [_draft(found, "acknowledged", moment, actor)])
    return await _required(connection, tenant, alert_id)


async def silence(
    connection: Connection,
    tenant: str,
    *,
    rule: str | None = None,
    subject: str | None = None,
    until: datetime,
    reason: str,
    actor: str,
) -> int:
    """Have nobody called for alarms of a rule, a subject or both; return the silence's number.

    The alarms go on, and are shown. until: by the town's clock. Raises RuleInvalid naming the
    field.
    """
    faults = []
    if rule is None and subject is None:
        faults.append(
            Fault("rule", "規則か対象を選んでください。", "A rule or a subject is needed.")
        )
    if not reason.strip():
        faults.append(Fault("reason", "理由が必要です。", "A reason is needed."))
    if faults:
        raise RuleInvalid(faults)
    parameters = {
        "tenant": tenant, "rule": rule, "subject": subject, "until": until,
        "reason": reason.strip(), "actor": actor,
    }  # fmt: skip
    await _lock(connection, tenant)
    row = await (await connection.execute(_SQL["add_silence"], parameters)).fetchone()
    assert row is not None
    number: int = row[0]
    concerned = await _concerned(connection, tenant, rule, subject)
    await _write(connection, concerned, alert.silenced(until))
    after = {"rule": rule, "subject": subject, "until": to_text(until), "reason": reason.strip()}
    event = Event(tenant, actor, "alert.silence", f"silence:{number}", None, after)
    await audit.append(connection, event)
    moment = await _now(connection, tenant)
    await events.add(
        connection, [_draft(one, "silenced", moment, actor, until) for one in concerned]
    )
    await _changed(connection)
    return number


async def unsilence(connection: Connection, tenant: str, number: int, *, actor: str) -> None:
    """End a silence before its time. Raises NoSuchAlert."""
    await _lock(connection, tenant)
    if not await _end(connection, tenant, number, actor=actor, kind="unsilenced"):
        raise NoSuchAlert(f"There is no silence {number} in force", field="number")


async def expire_silence(connection: Connection, over: Silence) -> None:
    """End a silence whose time is over; nothing where somebody else was first."""
    await _lock(connection, over.tenant)
    await _end(connection, over.tenant, over.number, actor=SYSTEM, kind="silence_expired")


async def end_alerts(connection: Connection, tenant: str, rule: str, *, actor: str) -> None:
    """Set the alerts of a rule that is gone back to normal."""
    found = [
        one for one in await alerts(connection, tenant, rule=rule, limit=_MOST)
        if one.state != NORMAL
    ]  # fmt: skip
    moment = await _now(connection, tenant)
    state: Instance = {"type": "Property", "value": NORMAL, "observedAt": to_text(moment)}
    await _write(connection, found, {alert.STATE: state})
    await events.add(
        connection, [_draft(one, "state", moment, actor, after=NORMAL) for one in found]
    )


async def _end(connection: Connection, tenant: str, number: int, *, actor: str, kind: Kind) -> bool:
    parameters = {"tenant": tenant, "number": number, "actor": actor}
    row = await (await connection.execute(_SQL["end_silence"], parameters)).fetchone()
    if row is None:
        return False
    ended = Silence(*row)
    concerned = await _concerned(connection, tenant, ended.rule, ended.subject)
    silenced = [one for one in concerned if one.silenced_until is not None]
    await _write(connection, silenced, {}, alert.NOT_SILENCED)
    before = {"rule": ended.rule, "subject": ended.subject, "until": to_text(ended.until)}
    action = "alert.unsilence" if kind == "unsilenced" else "alert.silence_expired"
    await audit.append(connection, Event(tenant, actor, action, f"silence:{number}", before))
    moment = await _now(connection, tenant)
    await events.add(connection, [_draft(one, kind, moment, actor) for one in silenced])
    await _changed(connection)
    return True


async def _concerned(
    connection: Connection, tenant: str, rule: str | None, subject: str | None
) -> list[Alert]:
    """Return the open alerts a silence is about."""
    found = await alerts(
        connection, tenant, rule=rule, subject=subject, open_only=True, limit=_MOST
    )
    return [one for one in found if one.state in (FIRING, RECOVERING) or one.episode]


async def _required(connection: Connection, tenant: str, alert_id: str) -> Alert:
    found = await alert_of(connection, tenant, alert_id)
    if found is None:
        raise NoSuchAlert(f"There is no alert {alert_id}", field="alert")
    return found


async def _now(connection: Connection, tenant: str) -> datetime:
    """Return what time it is in a town: in a drill, in the exercise."""
    drill = await drills.of(connection, tenant)
    return now() if drill is None else drill.clock.now(now())


async def _lock(connection: Connection, tenant: str) -> None:
    await connection.execute(_SQL["lock_rules"], {"tenant": tenant})


async def _changed(connection: Connection) -> None:
    await connection.execute(_SQL["changed"])


async def _write(
    connection: Connection,
    found: Sequence[Alert],
    said: Mapping[str, Instance],
    gone: frozenset[str] = frozenset(),
) -> None:
    mutations = [Mutation(one.tenant, one.id, alert.change(one.id, said, gone)) for one in found]
    if mutations:
        await write.write(connection, mutations)


def _draft(
    found: Alert,
    kind: Kind,
    at: datetime,
    actor: str,
    until: datetime | None = None,
    *,
    after: str | None = None,
) -> Draft:
    members: dict[str, Any] = {
        "tenant": found.tenant, "alert": found.id, "subject": found.subject, "rule": found.rule,
        "episode": found.episode, "severity": found.severity, "value": found.value,
        "threshold": found.threshold, "text": found.description,
    }  # fmt: skip
    return Draft(
        kind=kind,
        before=found.state,
        after=after or found.state,
        at=at,
        actor=actor,
        silenced_until=until if kind == "silenced" else None,
        **members,
    )
