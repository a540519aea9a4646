"""What came of the parts of a write, and the one answer to all of them (clauses 5.6, 6.3.17).

All parts done: the answer of an undivided write. Some: 207, which names what failed and at which
registration. None: an error, where there is one to give; several sources that fail are a 207.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from typing import Any, Final

import orjson
from starlette.responses import Response

from tamamo.context.distribution.client import Failure, Reply
from tamamo.context.distribution.problems import gateway_problem
from tamamo.context.distribution.source import Source
from tamamo.context.errors import BadRequestData, Conflict, InvalidRequest, LoopDetected
from tamamo.context.jsonld import TermMap
from tamamo.kernel.errors import Problem

_PARTLY: Final = "The source did only a part of it and does not say which"


class Verdict(Enum):
    """How the parts went together."""

    DONE = "all"
    PARTLY = "some, or several sources failed"


@dataclass(slots=True)
class Outcome:
    """What came of one part.

    source: None when it was done here. attrs: IRIs of the attributes it was about. reply: of the
    source, where one was asked. done: whether something was written. created: whether an entity
    was. problems: what went wrong. refused: (attribute IRI, reason) for what was left as it was.
    """

    source: Source | None = None
    attrs: Sequence[str] = ()
    reply: Reply | None = None
    done: bool = False
    created: bool = False
    problems: list[Problem] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether not all of it was done."""
        return bool(self.problems or self.refused)

    @property
    def registration(self) -> dict[str, str]:
        """The member that names the registration in the error details (5.2.17, 5.2.19)."""
        return {} if self.source is None else {"registrationId": self.source.id}


def here(response: Response, attrs: Sequence[str] = ()) -> Outcome:
    """Return what came of the part done here."""
    outcome = Outcome(None, attrs, done=True, created=response.status_code == 201)
    if response.status_code == 207:
        _read_details(outcome, orjson.loads(response.body), None)
    return outcome


def failed_here(problem: Problem, attrs: Sequence[str] = ()) -> Outcome:
    """Return that the part done here failed."""
    return Outcome(None, attrs, problems=[problem])


def not_supported(source: Source, operation: str, attrs: Sequence[str] = ()) -> Outcome:
    """Return that a source has what is written to, but does not take the operation (5.6)."""
    problem = Conflict(f"{source.id} has what is written to and is not registered for {operation}")
    return Outcome(source, attrs, problems=[problem])


def loop(source: Source, attrs: Sequence[str] = ()) -> Outcome:
    """Return that a source was not asked again about a request that came from it (4.3.6.4)."""
    problem = LoopDetected(f"The request came through the context source of {source.id} already")
    return Outcome(source, attrs, problems=[problem])


def no_context(source: Source, problem: Problem, attrs: Sequence[str] = ()) -> Outcome:
    """Return that the @context a source is to be spoken to in cannot be had."""
    return away(Reply(source, 0, failure=Failure.CONTEXT, detail=problem.detail), attrs)


def away(reply: Reply, attrs: Sequence[str] = ()) -> Outcome:
    """Return what came of a part that a source was asked for."""
    outcome = Outcome(reply.source, attrs, reply)
    if reply.status == 207:
        body = json_of(reply)
        if not isinstance(body, dict) or not _read_details(outcome, body, reply.terms):
            outcome.done = True
            outcome.problems.append(part_problem(None))
    elif reply.ok:
        outcome.done = True
        outcome.created = reply.status == 201
    else:
        outcome.problems.append(problem_of(reply))
    return outcome


def problem_of(reply: Reply) -> Problem:
    """Return the error a source answered with, or why there is no answer of it."""
    if reply.failure is not None:
        status = 504 if reply.failure is Failure.TIMEOUT else 502
        return _problem(status, None, f"{reply.failure.value}: {reply.detail}")
    return _problem(reply.status, json_of(reply), f"The source answered {reply.status}")


def part_problem(error: Any) -> Problem:
    """Return one error of a 207, whatever it looks like."""
    return _problem(207, error, _PARTLY)


def judge(outcomes: Sequence[Outcome]) -> Verdict:
    """Return how the parts went together. Raises the Problem of a write that failed as a whole."""
    failed = [outcome for outcome in outcomes if outcome.failed]
    if not failed:
        return Verdict.DONE
    asked = [outcome for outcome in failed if outcome.reply is not None]
    if any(outcome.done or outcome.refused for outcome in outcomes) or len(asked) > 1:
        return Verdict.PARTLY
    if not asked:
        raise failed[0].problems[0]
    if len(outcomes) > 1:
        return Verdict.PARTLY
    (only,) = asked
    assert only.reply is not None
    if only.reply.status == 409:
        # Says more than a 502 would: the entity is there, or held elsewhere (table 6.4.3.1-1).
        raise only.problems[0]
    raise gateway_problem(only.reply)


def batch_result(outcomes: Iterable[tuple[str, Outcome]]) -> dict[str, Any]:
    """Return the BatchOperationResult (5.2.16) of the outcomes of entities."""
    success: dict[str, None] = {}
    errors = []
    for entity_id, outcome in outcomes:
        if outcome.done:
            success[entity_id] = None
        for problem in outcome.problems:
            error = {"entityId": entity_id, "error": problem.body()}
            errors.append(error | outcome.registration)
        if outcome.refused:
            why = ", ".join(f"{attr}: {reason}" for attr, reason in outcome.refused)
            error = {"entityId": entity_id, "error": Conflict(f"Left as it was: {why}").body()}
            errors.append(error | outcome.registration)
    return {"success": list(success), "errors": errors}


def update_result(outcomes: Iterable[Outcome]) -> dict[str, Any]:
    """Return the UpdateResult (5.2.18) of the outcomes of one entity's attributes."""
    updated: dict[str, None] = {}
    not_updated = []
    for outcome in outcomes:
        refused = outcome.refused or [
            (attr, problem.detail or problem.title)
            for problem in outcome.problems
            for attr in outcome.attrs
        ]
        for attr, reason in refused:
            detail = {"attributeName": attr, "reason": reason}
            not_updated.append(detail | outcome.registration)
        if outcome.done:
            names = {attr for attr, _ in refused}
            updated |= dict.fromkeys(attr for attr in outcome.attrs if attr not in names)
    return {"updated": list(updated), "notUpdated": not_updated}


def _read_details(outcome: Outcome, body: dict[str, Any], terms: TermMap | None) -> bool:
    """Take over what a 207 says; whether it says anything."""
    errors, refused = body.get("errors"), body.get("notUpdated")
    for one in errors if isinstance(errors, list) else ():
        error = one.get("error") if isinstance(one, dict) else None
        outcome.problems.append(part_problem(error))
    for one in refused if isinstance(refused, list) else ():
        name = one.get("attributeName") if isinstance(one, dict) else None
        if isinstance(name, str):
            iri = name if terms is None else terms.expand_term(name)
            outcome.refused.append((iri, str(one.get("reason", "not updated"))))
    outcome.done = bool(body.get("success") or body.get("updated"))
    return outcome.failed


def _problem(status: int, given: Any, detail: str) -> Problem:
    """Return an error of this status, with what its sender says of it."""
    told = given if isinstance(given, dict) else {}
    problem = Problem(_text(told, "detail") or detail)
    own = told.get("status")
    problem.status = own if isinstance(own, int) and 400 <= own < 600 else status
    problem.type = _text(told, "type") or "about:blank"
    problem.title = _text(told, "title") or _phrase(problem.status)
    return problem


def _text(told: dict[str, Any], name: str) -> str:
    value = told.get(name)
    return value[:2_000] if isinstance(value, str) else ""


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"Status {status}"


def json_of(reply: Reply) -> Any:
    """Return the JSON of an answer, None when it has none."""
    try:
        return reply.json() if reply.body else None
    except (InvalidRequest, BadRequestData):
        return None
