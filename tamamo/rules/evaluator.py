"""The evaluator: (rule, state, reading) → (state, transitions). Pure; event time decides.

Only silence goes by a clock, which is handed in. A reading that is older than what the state has
seen, or the same again, changes nothing: so the result does not depend on how readings were
gathered, nor on how often one arrives.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import msgspec

from tamamo.rules import conditions
from tamamo.rules.elsewhere import Elsewhere
from tamamo.rules.leaves import Is, Leaf, Silence, Verdict
from tamamo.rules.rule import Rule
from tamamo.rules.state import (
    ERROR,
    FIRING,
    NO_DATA,
    NORMAL,
    OPEN,
    PENDING,
    RECOVERING,
    Moment,
    Reading,
    State,
    StateName,
    Transition,
)

Outcome = tuple[State, list[Transition]]
_NOTHING: Final[list[Transition]] = []


def evaluate(rule: Rule, state: State, reading: Reading, clock: Moment | None = None) -> Outcome:
    """Take a reading in.

    clock: what time it is for the subject's town; None: the time of the reading, as in a replay.
    A subject is watched for silence from its first reading that arrives in time, so that an archive
    which is loaded raises none. A subject that the rule is no longer about is back to normal.
    A reading of another entity (`reading.other`) moves only what is said of the others: the
    subject is as silent, and as unknown, as it was.
    """
    state = _fitting(rule, state)
    if not rule.subject.selects(reading.entity):
        return _let_go(rule, state, reading)
    memories, verdicts = _take_in(rule, state, reading, clock)
    used = max((v.used for v in verdicts if v.used is not None), default=None)
    if used is None:
        return state, _NOTHING
    if reading.other is not None and state.at is None:
        return _with(state, memories, rule), _NOTHING
    at = used if state.at is None else max(used, state.at)
    lost = _lost_at(rule, state)
    gap = _NOTHING
    if lost is not None and lost < at:
        # Nobody looked at the clock meanwhile: a recording that is loaded tells the same.
        state, gap = _move(rule, state, reading.entity.id, NO_DATA, _not_before(state, lost))
    after = _with(state, memories, rule)
    if reading.other is None:
        after.at, after.watched = at, state.watched or _in_time(rule, at, clock)
    elif state.state in (NO_DATA, ERROR):
        return after, gap
    holds = conditions.holds(rule.node, verdicts)
    if rule.subject.season is not None and not rule.subject.season.holds(at):
        holds = False
    if reading.other is None:
        shown = _shown(rule, verdicts)
        after.value, after.threshold = shown.value, shown.threshold
    at = _not_before(state, at)
    if holds is None and any(v.failed for v in verdicts):
        after, moved = _move(rule, after, reading.entity.id, ERROR, at)
    else:
        unsure = holds is not True and any(v.unsure for v in verdicts)
        after, moved = _settle(rule, after, reading.entity.id, bool(holds), unsure=unsure, at=at)
    return after, [*gap, *moved] if gap else moved


def tick(rule: Rule, state: State, subject: str, clock: Moment) -> Outcome:
    """Let time pass without a reading. clock: what time it is for the subject's town.

    What becomes true is dated by when it did, whenever somebody looks.
    """
    due = next_due(rule, state)
    if due is None or due > clock:
        return state, _NOTHING
    state = _fitting(rule, state)
    found: list[Transition] = []
    memories = list(state.memories)
    silent_at = None
    for index, leaf in enumerate(rule.leaves):
        if isinstance(leaf, Silence) and state.watched:
            at = leaf.due(memories[index])
            if at is not None and at <= clock:
                memories[index] = [memories[index][0], True]  # type: ignore[index]
                silent_at = at if silent_at is None else max(silent_at, at)
    if silent_at is not None:
        state = msgspec.structs.replace(state, memories=memories)
        verdicts = _remembered(rule, state)
        holds = conditions.holds(rule.node, verdicts)
        at = _not_before(state, silent_at)
        if rule.subject.season is not None and not rule.subject.season.holds(at):
            holds = False
        state, moved = _settle(rule, state, subject, bool(holds), unsure=False, at=at)
        found += moved
    lost = _lost_at(rule, state)
    if lost is not None and lost <= clock:
        state, moved = _move(rule, state, subject, NO_DATA, _not_before(state, lost))
        found += moved
    return state, found


def next_due(rule: Rule, state: State) -> Moment | None:
    """Return when the clock next says something, None: never without a reading."""
    if not rule.listens or state.version != rule.version:
        return None
    dues = [
        leaf.due(memory)
        for leaf, memory in zip(rule.leaves, state.memories, strict=False)
        if isinstance(leaf, Silence) and state.watched
    ]
    return min((due for due in [*dues, _lost_at(rule, state)] if due is not None), default=None)


def close(rule: Rule, state: State, subject: str, at: Moment) -> Outcome:
    """End whatever is open: the rule or the subject is gone."""
    if state.state == NORMAL:
        return state, _NOTHING
    return _settle(rule, state, subject, False, unsure=False, at=_not_before(state, at), over=True)


def _let_go(rule: Rule, state: State, reading: Reading) -> Outcome:
    """Forget a subject that the rule is not, or no longer, about."""
    if state.at is None or reading.at < state.at:
        return state, _NOTHING
    state, moved = close(rule, state, reading.entity.id, reading.at)
    memories: list[list[object] | None] = [None] * len(rule.leaves)
    state = msgspec.structs.replace(
        state, memories=memories, watched=False, at=None, left=reading.at
    )
    return state, moved


def _fitting(rule: Rule, state: State) -> State:
    """Return the state without what another version of the rule remembered."""
    if state.version == rule.version and len(state.memories) == len(rule.leaves):
        return state
    return msgspec.structs.replace(state, memories=[None] * len(rule.leaves), version=rule.version)


def _take_in(
    rule: Rule, state: State, reading: Reading, clock: Moment | None
) -> tuple[list[list[object] | None], list[Verdict]]:
    memories: list[list[object] | None] = []
    verdicts: list[Verdict] = []
    own = reading if reading.other is None else _nothing_new(reading)
    for leaf, memory in zip(rule.leaves, state.memories, strict=True):
        if reading.other is not None and isinstance(leaf, Silence):
            remembered, verdict = memory, Verdict(None if memory is None else memory[1])
        else:
            given = reading if isinstance(leaf, Elsewhere) else own
            remembered, verdict = leaf.step(memory, given)
        if state.left is not None and verdict.used is not None and verdict.used <= state.left:
            remembered, verdict = memory, _unheard(leaf)
        elif isinstance(leaf, Silence) and leaf.lasts(memory, verdict.used, clock):
            remembered, verdict = [verdict.used, True], Verdict(True, used=verdict.used)
        memories.append(remembered)
        verdicts.append(verdict)
    if rule.elsewhere:
        _judge_others(rule, state, memories, verdicts)
    return memories, verdicts


def _judge_others(
    rule: Rule, state: State, memories: list[list[object] | None], verdicts: list[Verdict]
) -> None:
    """Hold what the others said last against when the subject itself was last measured."""
    moments = [
        verdict.used
        for leaf, verdict in zip(rule.leaves, verdicts, strict=True)
        if verdict.used is not None and not isinstance(leaf, Elsewhere)
    ]
    last = max([*moments, *([] if state.at is None else [state.at])], default=None)
    for index, leaf in enumerate(rule.leaves):
        if isinstance(leaf, Elsewhere):
            memories[index], holds = leaf.judge(memories[index], last)
            verdicts[index] = Verdict(holds, used=verdicts[index].used)


def _nothing_new(reading: Reading) -> Reading:
    """Return a reading in which the subject itself says nothing."""
    return Reading(replace(reading.entity, attrs={}), reading.at)


def _with(state: State, memories: list[list[object] | None], rule: Rule) -> State:
    return msgspec.structs.replace(state, memories=memories, version=rule.version)


def _remembered(rule: Rule, state: State) -> list[Verdict]:
    """Return what the leaves said last."""
    return [
        _unheard(leaf) if memory is None else Verdict(memory[1])
        for leaf, memory in zip(rule.leaves, state.memories, strict=True)
    ]


def _unheard(leaf: Leaf) -> Verdict:
    """Return what a leaf says that has not heard anything: what is not there has no value."""
    return Verdict(False if isinstance(leaf, Is) else None)


def _in_time(rule: Rule, at: Moment, clock: Moment | None) -> bool:
    if clock is None:
        return True
    limits = [leaf.after for leaf in rule.leaves if isinstance(leaf, Silence)]
    limits += [] if rule.no_data is None else [rule.no_data]
    return bool(limits) and clock - at < min(limits)


def _lost_at(rule: Rule, state: State) -> Moment | None:
    """Return when a subject with something open is taken for lost: it has long said nothing."""
    if rule.no_data is None or state.at is None or state.state == NO_DATA:
        return None
    if state.state not in OPEN and not (rule.no_data_always and state.watched):
        return None
    return state.at + rule.no_data


def _not_before(state: State, at: Moment) -> Moment:
    return at if state.since is None else max(at, state.since)


def _shown(rule: Rule, verdicts: Sequence[Verdict]) -> Verdict:
    """Return the verdict whose value tells why: the first that holds, else the first with one."""
    valued = [
        verdicts[place]
        for place in conditions.places(rule.node)
        if verdicts[place].value is not None
    ]
    return next((v for v in valued if v.holds), valued[0] if valued else Verdict(None))


def _settle(
    rule: Rule,
    state: State,
    subject: str,
    holds: bool,
    *,
    unsure: bool,
    at: Moment,
    over: bool = False,
) -> Outcome:
    """Move to the state that follows from whether the condition holds at a moment."""
    now = _standing(rule, state, at)
    onset = state.onset
    to: StateName
    if holds:
        if now in (FIRING, RECOVERING):
            to, onset = FIRING, None
        else:
            onset = at if now != PENDING or onset is None else onset
            to = FIRING if at - onset >= rule.for_ else PENDING
    elif now in (FIRING, RECOVERING) and not over:
        onset = at if now == FIRING or onset is None else onset
        to = NORMAL if at - onset >= rule.recover else RECOVERING
    elif unsure:
        to, onset = PENDING, None
    else:
        to, onset = NORMAL, None
    state = msgspec.structs.replace(state, onset=onset if to in (PENDING, RECOVERING) else None)
    begins = to == FIRING and now not in (FIRING, RECOVERING)
    return _move(rule, state, subject, to, at, begins=begins)


def _standing(rule: Rule, state: State, at: Moment) -> StateName:
    """Return the state by what is known of the condition.

    After twice the time in which readings should have come an episode is not the same any more.
    """
    if state.state == NO_DATA and rule.no_data is not None and state.since is not None:
        return state.under if at - state.since <= rule.no_data else NORMAL
    return state.logical


def _move(
    rule: Rule, state: State, subject: str, to: StateName, at: Moment, *, begins: bool = False
) -> Outcome:
    if to == state.state:
        return state, _NOTHING
    before, logical = state.state, state.logical
    state = msgspec.structs.replace(
        state,
        state=to,
        since=at,
        under=logical if to in (NO_DATA, ERROR) else "normal",
        episode=state.episode + begins,
        opened=at if begins else state.opened,
    )
    moved = Transition(
        rule.id, subject, before, to, at, state.episode,
        state.value, state.threshold, state.opened, begins,
    )  # fmt: skip
    return state, [moved]
