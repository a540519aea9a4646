"""What a drill takes of its town: stations, shelters, cameras, rules; what its script adds.

Everything is done again without harm when a process dies over it: the same entities are the same.
"""

from typing import Any, Final

from tamamo import calling, rules
from tamamo.context.broker import Broker
from tamamo.context.jsonld import TermMap
from tamamo.context.model.entity import DEFAULT_TENANT, DEFAULT_VOCABULARY, Entity, Instance
from tamamo.context.query.logic import One
from tamamo.context.query.paging import Page
from tamamo.context.query.plan import Query, Selector
from tamamo.drills import events
from tamamo.drills.catalogue import find
from tamamo.drills.events import Played
from tamamo.drills.script import Place, Script
from tamamo.kernel.database import transaction
from tamamo.kernel.drills import Drill
from tamamo.kernel.identity import system
from tamamo.publishing.warnings import setup as warnings

#: Entity types (short names) that a drill has as its town has them, if they are not personal.
COPIED: Final = (
    "FloodMonitoring",
    "SeaConditions",
    "WeatherObserved",
    "EvacuationShelter",
    "RoadSegment",
    "Camera",
)
#: A town has hundreds of stations.
_MOST: Final = 5_000
ACTOR: Final = "system:drills"
PROVIDER: Final = "訓練 / drill"
SOURCE: Final = "訓練の想定値：観測ではありません / values of a drill, not observed"
#: What of a town's station is of its own days, and of no other.
_TIMES: Final = frozenset({"createdAt", "modifiedAt"})


async def make(broker: Broker, drill: Drill) -> int:
    """Copy what a drill takes of its town and add what its script has; return how many entities."""
    terms = await broker.contexts.resolve(DEFAULT_TENANT, None)
    found = await copied(broker, drill.town)
    if found:
        await broker.observations.record(drill.tenant, found)
    script = find(drill.scenario)
    if script is not None:
        await _make_places(broker, drill, script, terms)
    async with transaction(broker.pool) as connection:
        await rules.copy(connection, drill.town, drill.tenant, actor=ACTOR)
        known = {entry.id for entry in await rules.listing(connection, drill.tenant)}
        for document in script.rules if script is not None else ():
            if document["id"] not in known:
                await rules.save(connection, drill.tenant, document, actor=ACTOR)
        # Those who take part are called as in the town; the drill's list says who is reached.
        await calling.copy(connection, drill.town, drill.tenant)
        await warnings.copy(connection, system("drills"), drill.town, drill.tenant)
    await broker.drills.made(drill.tenant)
    return len(found)


async def copied(broker: Broker, town: str) -> list[Entity]:
    """Return a town's stations without what was measured at them."""
    personal = broker.towns.personal(town)
    found: list[Entity] = []
    for kind in COPIED:
        iri = DEFAULT_VOCABULARY + kind
        if iri in personal:
            continue
        wanted = Query((Selector(types=One(iri)),), page=Page(_MOST))
        result = await broker.entities.query(town, wanted)
        found += [_lasting(row.entity(times=False)) for row in result.rows]
    return found


def _lasting(entity: Entity) -> Entity:
    """Return what of an entity is no measurement: a drill begins without readings."""
    attrs: dict[str, list[Instance]] = {}
    for name, instances in entity.attrs.items():
        kept = [
            {key: value for key, value in instance.items() if key not in _TIMES}
            for instance in instances
            if "observedAt" not in instance
        ]
        if kept:
            attrs[name] = kept
    return Entity(entity.id, entity.types, attrs, entity.scopes)


async def _make_places(broker: Broker, drill: Drill, script: Script, terms: TermMap) -> None:
    """Make the places of a script that the town has not, and note which entity stands for each."""
    town = broker.towns.get(drill.tenant)
    locality = town.locality if town is not None else ""
    made, named = [], {}
    for place in script.places:
        known = await _known(broker, drill.tenant, place, terms) if place.known_as else None
        entity_id = known or place.id
        named[place.key] = entity_id
        made.append(_entity(place, entity_id, terms, locality if known is None else None))
    await broker.observations.record(drill.tenant, made)
    async with transaction(broker.pool) as connection:
        for key, entity_id in named.items():
            row = Played(f"{events.PLACE}:{key}", 0.0, events.PLACE, {"id": entity_id})
            await events.note(connection, drill.tenant, row)


async def _known(broker: Broker, tenant: str, place: Place, terms: TermMap) -> str | None:
    """Return the town's entity of a place's name; 模擬 and the like behind it do not matter."""
    wanted = Query((Selector(types=One(terms.expand_type(place.type))),), page=Page(_MOST))
    result = await broker.entities.query(tenant, wanted)
    name = terms.expand_term("name")
    for row in result.rows:
        texts = {str(instance.get("value", "")) for instance in row.attrs.get(name, ())}
        if row.id != place.id and any(_bare(text) == place.known_as for text in texts):
            return row.id
    return None


def _bare(name: str) -> str:
    return name.partition("（")[0].partition("(")[0].strip()


def _entity(place: Place, entity_id: str, terms: TermMap, locality: str | None) -> Entity:
    """Return a place as an entity, made in a locality; None: it is there, and only marked."""
    whole = locality is not None
    attrs: dict[str, Any] = {"simulated": True, "dataProvider": PROVIDER, "source": SOURCE}
    if whole:
        address = {"addressCountry": "JP", "addressLocality": locality}
        texts = {"name": place.name.ja, "alternateName": place.name.en, "address": address}
        attrs |= {**texts, **place.fixed}
    found = {terms.expand_term(name): [_property(value)] for name, value in attrs.items()}
    if whole:
        geometry = {"type": "GeoProperty", "value": dict(place.location)}
        found[terms.expand_term("location")] = [geometry]
    return Entity(entity_id, [terms.expand_type(place.type)], found)


def _property(value: Any) -> Instance:
    return {"type": "Property", "value": value}
