"""A subscription to registrations made ready: what each registration is held against (5.11.2.4)."""

from dataclasses import dataclass
from typing import Any

from tamamo.context.errors import BadRequestData
from tamamo.context.jsonld import TermMap
from tamamo.context.negotiation import GEO_JSON
from tamamo.context.query import projection, q, temporalq
from tamamo.context.query.projection import Projection
from tamamo.context.registrations import matching
from tamamo.context.registrations.document import Document as Registration
from tamamo.context.registrations.document import is_temporal
from tamamo.context.registrations.matching import Wanted
from tamamo.context.subscriptions.compiled import Snapshot, Subscriber, query_of, subscriber
from tamamo.context.subscriptions.document import Document

_NOTHING = Snapshot(0, 0, frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSubscription(Subscriber):
    """A compiled subscription to registrations."""

    wanted: Wanted
    sys_attrs: bool

    def relevant(self, registration: Registration | None) -> Registration | None:
        """Return what of a registration is subscribed to; None when it does not match.

        Only the RegistrationInfo elements that match are in it (5.11.7).
        """
        if registration is None:
            return None
        if is_temporal(registration) != (self.wanted.temporal.timerel is not None):
            return None
        return matching.relevant(registration, self.wanted)


def compile_source_subscription(
    tenant: str,
    identifier: str,
    document: Document,
    terms: TermMap,
    query_terms: TermMap,
    *,
    since: Snapshot = _NOTHING,
) -> SourceSubscription:
    """Make a document ready; as `compile_subscription`. Raises BadRequestData."""
    notification = document["notification"]
    if notification["endpoint"].get("accept") == GEO_JSON:
        raise BadRequestData(
            "accept: registrations have no form in GeoJSON", field="/notification/endpoint/accept"
        )
    shown = projection.read(
        {
            "pick": notification.get("pick"),
            "omit": notification.get("omit"),
            "attrs": notification.get("attributes"),
        },
        terms,
    )
    csf = document.get("csf")
    return SourceSubscription(
        **subscriber(tenant, identifier, document, terms, since),
        wanted=Wanted(
            entities=query_of(document, terms, query_terms),
            temporal=temporalq.parse(document.get("temporalQ", {})),
            csf=None if csf is None else q.parse(csf, query_terms, field="csf"),
            datasets=frozenset(document.get("datasetId", ())),
            terms=terms,
            named=_named(document, shown),
        ),
        sys_attrs=notification.get("sysAttrs", False),
    )


def _named(document: dict[str, Any], shown: Projection) -> frozenset[str]:
    """Return the attributes a source must have one of; none: any will do (5.12).

    All attributes of the subscribed entities are told unless the notification names them. Without
    entities only the watched attributes say what is meant.
    """
    told = {*(shown.attrs or ()), *(member.iri for member in shown.pick or ())}
    told = {iri for iri in told if ":" in iri}
    watched = document.get("watchedAttributes", ())
    if not told:
        return frozenset(() if "entities" in document else watched)
    return frozenset((*told, *watched))
