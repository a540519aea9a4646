"""The operations that the layers of `provision` and `batches` know, one value each."""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote

from starlette.responses import Response

from tamamo.context import addressed, http
from tamamo.context.distribution.batches import Batch
from tamamo.context.distribution.client import segment
from tamamo.context.distribution.naming import Translation
from tamamo.context.distribution.provision import Kind, Write
from tamamo.context.distribution.split import DEFAULT, EVERY, Subject, cells
from tamamo.context.entities import view
from tamamo.context.errors import BadRequestData
from tamamo.context.http import Exchange
from tamamo.context.jsonld import TermMap
from tamamo.context.model import parse
from tamamo.context.model.members import Rules
from tamamo.context.model.values import Fault, check_moment
from tamamo.context.temporal.body import read_evolution, read_single


def _whole(exchange: Exchange) -> Subject:
    entity = parse.parse_entity(exchange.body, exchange.terms)
    return Subject(entity.id, tuple(entity.types), cells(exchange.body, exchange.terms))


def _replacement(exchange: Exchange) -> Subject:
    addressed_id = addressed.entity_id(exchange)
    exchange.body.setdefault("id", addressed_id)
    subject = _whole(exchange)
    _check_id(subject.id, addressed_id)
    return subject


def _fragment(rules: Rules) -> Callable[[Exchange], Subject]:
    def read(exchange: Exchange) -> Subject:
        entity_id = addressed.entity_id(exchange)
        found = parse.parse_fragment(exchange.body, exchange.terms, rules, entity_id=entity_id)
        return Subject(entity_id, tuple(found.types), cells(exchange.body, exchange.terms))

    return read


def _merge(exchange: Exchange) -> Subject:
    simplified = view.read_format(exchange) == "simplified"
    moment = exchange.params.get("observedAt")
    if moment is not None:
        try:
            check_moment(moment, "observedAt")
        except Fault as fault:
            raise fault.problem() from None
    return _fragment(parse.MERGE_SIMPLIFIED if simplified else parse.MERGE)(exchange)


def _instance(rules: Rules) -> Callable[[Exchange], Subject]:
    def read(exchange: Exchange) -> Subject:
        entity_id, attr = addressed.entity_id(exchange), addressed.attribute(exchange)
        parse.parse_attribute(exchange.body, exchange.terms, rules, attr)
        if not rules.partial:
            exchange.body = parse.unwrapped(exchange.body, exchange.terms, attr)
        dataset = exchange.body.get("datasetId", DEFAULT)
        return Subject(entity_id, (), {attr: frozenset({dataset})})

    return read


def _attribute(exchange: Exchange) -> Subject:
    entity_id, attr = addressed.entity_id(exchange), addressed.attribute(exchange, scope=True)
    dataset = exchange.params.get("datasetId")
    if dataset:
        addressed.uri(dataset, "datasetId")
    wanted = EVERY if exchange.flag("deleteAll") else dataset or DEFAULT
    return Subject(entity_id, (), {attr: frozenset({wanted})})


def _entity(exchange: Exchange) -> Subject:
    return Subject(addressed.entity_id(exchange))


def _evolution(exchange: Exchange) -> Subject:
    found = read_evolution(exchange.body, exchange.terms, whole=True)
    return Subject(found.id, tuple(found.types), cells(exchange.body, exchange.terms))


def _more_of_evolution(exchange: Exchange) -> Subject:
    entity_id = addressed.entity_id(exchange)
    found = read_evolution(exchange.body, exchange.terms, whole=False)
    _check_id(found.id or entity_id, entity_id)
    return Subject(entity_id, tuple(found.types), cells(exchange.body, exchange.terms))


def _past_instance(exchange: Exchange) -> Subject:
    entity_id, attr = addressed.entity_id(exchange), addressed.attribute(exchange, scope=True)
    addressed.uri(exchange.path["instance"], "instanceId")
    if exchange.body is not None:
        read_single(exchange.body, exchange.terms, attr)
    return Subject(entity_id, (), {attr: frozenset({EVERY})})


def _check_id(given: str, addressed_id: str) -> None:
    if given != addressed_id:
        detail = f"/id: is not the entity addressed, {addressed_id}"
        raise BadRequestData(detail, field="/id")


def _collection(_exchange: Exchange, _subject: Subject, _names: Translation) -> str:
    return "/entities"


def _one(_exchange: Exchange, subject: Subject, _names: Translation) -> str:
    return f"/entities/{segment(subject.id)}"


def _attrs(_exchange: Exchange, subject: Subject, _names: Translation) -> str:
    return f"/entities/{segment(subject.id)}/attrs"


def _attr(exchange: Exchange, subject: Subject, names: Translation) -> str:
    return f"{_attrs(exchange, subject, names)}/{segment(names.name(exchange.path['attr']))}"


def _past_one(exchange: Exchange, subject: Subject, names: Translation) -> str:
    name, instance = exchange.path["attr"], exchange.path["instance"]
    return f"{_attrs(exchange, subject, names)}/{segment(names.name(name))}/{segment(instance)}"


def _past(
    path: Callable[[Exchange, Subject, Translation], str],
) -> Callable[[Exchange, Subject, Translation], str]:
    def below(exchange: Exchange, subject: Subject, names: Translation) -> str:
        return "/temporal" + path(exchange, subject, names)

    return below


def _created(exchange: Exchange, entity_id: str, _created: bool) -> Response:
    return http.created(exchange, "/ngsi-ld/v1/entities/" + quote(entity_id, safe=":"))


def _upserted(exchange: Exchange, entity_id: str, created: bool) -> Response:
    location = "/ngsi-ld/v1/temporal/entities/" + quote(entity_id, safe=":")
    return http.created(exchange, location) if created else http.no_content(exchange)


def _done(exchange: Exchange, _entity_id: str, _created: bool) -> Response:
    return http.no_content(exchange)


def _write(
    operation: str,
    kind: Kind,
    method: str,
    read: Callable[[Exchange], Subject],
    path: Callable[[Exchange, Subject, Translation], str],
    **more: Any,
) -> Write:
    more.setdefault("success", _done)
    return Write(operation=operation, kind=kind, method=method, read=read, path=path, **more)


CREATE: Final = _write("createEntity", Kind.CREATE, "POST", _whole, _collection, success=_created)
REPLACE: Final = _write("replaceEntity", Kind.REPLACE, "PUT", _replacement, _one)
MERGE: Final = _write(
    "mergeEntity",
    Kind.FRAGMENT,
    "PATCH",
    _merge,
    _one,
    passed=frozenset({"format", "options", "lang", "observedAt"}),
)
DELETE: Final = _write("deleteEntity", Kind.DELETE, "DELETE", _entity, _one)
APPEND: Final = _write(
    "appendAttrs",
    Kind.FRAGMENT,
    "POST",
    _fragment(parse.APPEND),
    _attrs,
    passed=frozenset({"options"}),
    by_attribute=True,
)
UPDATE: Final = _write(
    "updateEntity", Kind.FRAGMENT, "PATCH", _fragment(parse.UPDATE), _attrs, by_attribute=True
)
UPDATE_ATTRIBUTE: Final = _write(
    "updateAttrs", Kind.ATTRIBUTE, "PATCH", _instance(parse.PARTIAL), _attr, by_attribute=True
)
REPLACE_ATTRIBUTE: Final = _write(
    "replaceAttrs", Kind.ATTRIBUTE, "PUT", _instance(parse.APPEND), _attr, by_attribute=True
)
DELETE_ATTRIBUTE: Final = _write(
    "deleteAttrs",
    Kind.ATTRIBUTE,
    "DELETE",
    _attribute,
    _attr,
    passed=frozenset({"datasetId", "deleteAll"}),
    by_attribute=True,
)
UPSERT_EVOLUTION: Final = _write(
    "upsertTemporal",
    Kind.CREATE,
    "POST",
    _evolution,
    _past(_collection),
    success=_upserted,
    past=True,
)
ADD_TO_EVOLUTION: Final = _write(
    "appendAttrsTemporal", Kind.FRAGMENT, "POST", _more_of_evolution, _past(_attrs), past=True
)
DELETE_EVOLUTION: Final = _write(
    "deleteTemporal", Kind.DELETE, "DELETE", _entity, _past(_one), past=True
)
DELETE_FROM_EVOLUTION: Final = _write(
    "deleteAttrsTemporal",
    Kind.ATTRIBUTE,
    "DELETE",
    _attribute,
    _past(_attr),
    passed=frozenset({"datasetId", "deleteAll"}),
    past=True,
)
REPLACE_INSTANCE: Final = _write(
    "updateAttrInstanceTemporal",
    Kind.ATTRIBUTE,
    "PATCH",
    _past_instance,
    _past(_past_one),
    past=True,
)
DELETE_INSTANCE: Final = _write(
    "deleteAttrInstanceTemporal",
    Kind.ATTRIBUTE,
    "DELETE",
    _past_instance,
    _past(_past_one),
    past=True,
)


def _check_fragment(rules: Rules) -> Callable[[Any, TermMap], object]:
    def check(element: Any, terms: TermMap) -> object:
        return parse.parse_fragment(element, terms, rules)

    return check


def _check_id_alone(element: Any, _terms: TermMap) -> object:
    return addressed.uri(element, "id")


CREATE_BATCH: Final = Batch(
    operation="createBatch",
    kind=Kind.CREATE,
    path="create",
    check=parse.parse_entity,
    creates=True,
)
UPSERT_BATCH: Final = Batch(
    operation="upsertBatch",
    kind=Kind.REPLACE,
    path="upsert",
    check=parse.parse_entity,
    creates=True,
)
UPDATE_BATCH: Final = Batch(
    operation="updateBatch",
    kind=Kind.FRAGMENT,
    path="update",
    check=_check_fragment(parse.UPDATE),
)
MERGE_BATCH: Final = Batch(
    operation="mergeBatch",
    kind=Kind.FRAGMENT,
    path="merge",
    check=_check_fragment(parse.MERGE),
)
DELETE_BATCH: Final = Batch(
    operation="deleteBatch", kind=Kind.DELETE, path="delete", check=_check_id_alone
)
