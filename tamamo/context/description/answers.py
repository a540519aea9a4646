"""What each operation reads and answers, where its entry in the routes does not say it."""

from collections.abc import Mapping
from typing import Final, NamedTuple

#: Status → schema of the answer; None: it has no body.
Answers = Mapping[int, str | None]

ANYTHING: Final = ""


class About(NamedTuple):
    """body: the schema of what it reads. answers: what it answers when it succeeds."""

    answers: Answers
    body: str | None = None


_DONE: Final[Answers] = {204: None, 207: "BatchResult"}
_UPDATED: Final[Answers] = {204: None, 207: "UpdateResult"}
_CREATED: Final[Answers] = {201: None, 207: "BatchResult"}
_FOUND: Final[Answers] = {200: ANYTHING}
_GONE: Final[Answers] = {204: None}
_MADE: Final[Answers] = {201: None}
#: Some of it: the rest is had by narrowing the times (6.3.10).
_SOME: Final[Answers] = {200: ANYTHING, 206: ANYTHING}

#: What is said of an operation that nobody has described.
UNDESCRIBED: Final = About(_FOUND, "Anything")

#: By method and path.
NGSI_LD: Final[Mapping[str, About]] = {
    "GET /entities": About(_FOUND),
    "POST /entities": About(_CREATED, "Entity"),
    "DELETE /entities": About(_DONE),
    "GET /entities/{id}": About(_FOUND),
    "PATCH /entities/{id}": About(_UPDATED, "Merge"),
    "PUT /entities/{id}": About(_UPDATED, "Entity"),
    "DELETE /entities/{id}": About(_DONE),
    "POST /entities/{id}/attrs": About(_UPDATED, "Fragment"),
    "PATCH /entities/{id}/attrs": About(_UPDATED, "Fragment"),
    "PATCH /entities/{id}/attrs/{attr}": About(_UPDATED, "Merge"),
    "PUT /entities/{id}/attrs/{attr}": About(_UPDATED, "Attribute"),
    "DELETE /entities/{id}/attrs/{attr}": About(_UPDATED),
    "POST /entityOperations/query": About(_FOUND, "Query"),
    "POST /entityOperations/create": About({201: ANYTHING, 207: "BatchResult"}, "Entities"),
    "POST /entityOperations/upsert": About(
        {201: ANYTHING, 204: None, 207: "BatchResult"}, "Entities"
    ),
    "POST /entityOperations/update": About(_DONE, "Entities"),
    "POST /entityOperations/merge": About(_DONE, "Entities"),
    "POST /entityOperations/delete": About(_DONE, "Ids"),
    "GET /types": About(_FOUND),
    "GET /types/{type}": About(_FOUND),
    "GET /attributes": About(_FOUND),
    "GET /attributes/{attr}": About(_FOUND),
    "GET /info/sourceIdentity": About(_FOUND),
    "GET /temporal/entities": About(_SOME),
    "POST /temporal/entities": About({201: None, 204: None, 207: "BatchResult"}, "Evolution"),
    "POST /temporal/entityOperations/query": About(_SOME, "TemporalQuery"),
    "GET /temporal/entities/{id}": About(_SOME),
    "DELETE /temporal/entities/{id}": About(_DONE),
    "POST /temporal/entities/{id}/attrs": About(_UPDATED, "EvolutionFragment"),
    "DELETE /temporal/entities/{id}/attrs/{attr}": About(_UPDATED),
    "PATCH /temporal/entities/{id}/attrs/{attr}/{instance}": About(_UPDATED, "Fragment"),
    "DELETE /temporal/entities/{id}/attrs/{attr}/{instance}": About(_UPDATED),
    "GET /entityMaps": About({201: ANYTHING}),
    "POST /entityMaps": About({201: ANYTHING}, "Query"),
    "GET /temporal/entityMaps": About({201: ANYTHING}),
    "POST /temporal/entityMaps": About({201: ANYTHING}, "TemporalQuery"),
    "GET /entityMaps/{id}": About(_FOUND),
    "PATCH /entityMaps/{id}": About(_GONE, "Expiry"),
    "DELETE /entityMaps/{id}": About(_GONE),
    "GET /jsonldContexts": About(_FOUND),
    "POST /jsonldContexts": About(_MADE, "Context"),
    "GET /jsonldContexts/{id}": About(_FOUND),
    "DELETE /jsonldContexts/{id}": About(_GONE),
    "GET /csourceRegistrations": About(_FOUND),
    "POST /csourceRegistrations": About(_MADE, "Registration"),
    "GET /csourceRegistrations/{id}": About(_FOUND),
    "PATCH /csourceRegistrations/{id}": About(_GONE, "RegistrationFragment"),
    "DELETE /csourceRegistrations/{id}": About(_GONE),
    "GET /subscriptions": About(_FOUND),
    "POST /subscriptions": About(_MADE, "Subscription"),
    "GET /subscriptions/{id}": About(_FOUND),
    "PATCH /subscriptions/{id}": About(_GONE, "SubscriptionFragment"),
    "DELETE /subscriptions/{id}": About(_GONE),
    "GET /csourceSubscriptions": About(_FOUND),
    "POST /csourceSubscriptions": About(_MADE, "SourceSubscription"),
    "GET /csourceSubscriptions/{id}": About(_FOUND),
    "PATCH /csourceSubscriptions/{id}": About(_GONE, "SourceSubscriptionFragment"),
    "DELETE /csourceSubscriptions/{id}": About(_GONE),
    "POST /snapshots": About(_MADE, "Snapshot"),
    "DELETE /snapshots": About(_GONE),
    "GET /snapshots/{id}": About(_FOUND),
    "PATCH /snapshots/{id}": About(_FOUND, "SnapshotFragment"),
    "DELETE /snapshots/{id}": About(_GONE),
    "POST /snapshots/{id}/clone": About(_MADE, "SnapshotFragment"),
}

NGSIV2: Final[Mapping[str, About]] = {
    "GET /": About(_FOUND),
    "GET /entities": About(_FOUND),
    "POST /entities": About({201: None, 204: None}, "Entity"),
    "GET /entities/{id}": About(_FOUND),
    "DELETE /entities/{id}": About(_GONE),
    "GET /entities/{id}/attrs": About(_FOUND),
    "POST /entities/{id}/attrs": About(_GONE, "Attributes"),
    "PATCH /entities/{id}/attrs": About(_GONE, "Attributes"),
    "PUT /entities/{id}/attrs": About(_GONE, "Attributes"),
    "GET /entities/{id}/attrs/{attr}": About(_FOUND),
    "PUT /entities/{id}/attrs/{attr}": About(_GONE, "Attribute"),
    "DELETE /entities/{id}/attrs/{attr}": About(_GONE),
    "GET /entities/{id}/attrs/{attr}/value": About(_FOUND),
    "PUT /entities/{id}/attrs/{attr}/value": About(_GONE, "Value"),
    "GET /types": About(_FOUND),
    "GET /types/{type}": About(_FOUND),
    "GET /subscriptions": About(_FOUND),
    "POST /subscriptions": About(_MADE, "Body"),
    "GET /subscriptions/{id}": About(_FOUND),
    "PATCH /subscriptions/{id}": About(_GONE, "SubscriptionFragment"),
    "DELETE /subscriptions/{id}": About(_GONE),
    "POST /op/update": About(_GONE, "Update"),
    "POST /op/notify": About(_GONE, "Notified"),
    "POST /op/query": About(_FOUND, "Query"),
}
