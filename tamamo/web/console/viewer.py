"""Who looks at the console, what of it they see, and where they may act.

Operators and auditors of the whole installation (grant tenant `*`) see all of it; those of a town
only their town. Auditors act nowhere.
"""

from dataclasses import dataclass, replace
from typing import Any

from django.http import Http404, HttpRequest

from tamamo.context.broker import Broker
from tamamo.context.model.entity import DEFAULT_TENANT
from tamamo.kernel.audit import Event, append
from tamamo.kernel.database import Connection
from tamamo.kernel.identity.model import EVERY_TENANT, Actor, Role


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody at the console.

    whole: sees the whole installation, not only some towns. towns: the tenants they see, in order.
    kept: those they are operator of. keeps_whole: operator of the installation. signs: tenants for
    which they sign agreements; whoever only does that sees nothing but these. town: the one the
    page is narrowed to.
    """

    actor: Actor
    whole: bool
    keeps_whole: bool
    towns: tuple[str, ...]
    kept: frozenset[str]
    signs: frozenset[str] = frozenset()
    town: str | None = None

    @property
    def tenants(self) -> list[str] | None:
        """What a query is limited to: the town chosen, or all that are seen; None: no limit."""
        if self.town is not None:
            return [self.town]
        return None if self.whole else list(self.towns)

    def sees(self, tenant: str) -> bool:
        """Whether what belongs to a tenant is shown."""
        return self.whole or tenant in self.towns

    @property
    def looks(self) -> bool:
        """Whether more is shown than the agreements to sign."""
        return self.whole or bool(self.towns)

    def keeps(self, tenant: str) -> bool:
        """Whether they are operator of a tenant."""
        return self.keeps_whole or tenant in self.kept


def broker_of(request: HttpRequest) -> Broker:
    """Return the open broker of this process, handed over by the outer application."""
    broker: Broker = request.scope["state"]["broker"]  # type: ignore[attr-defined]
    return broker


async def viewer_of(request: HttpRequest, actor: Actor) -> Viewer | None:
    """Return the viewer, narrowed to `?town=`; None for somebody with no role here.

    Raises Http404 for a town they do not see.
    """
    looking = {
        grant.tenant: grant.role
        for grant in sorted(actor.grants, key=lambda grant: grant.role is Role.OPERATOR)
        if grant.role in (Role.OPERATOR, Role.AUDITOR)
        and grant.unit is None
        and grant.types is None
        and grant.scopes is None
    }
    signs = frozenset(grant.tenant for grant in actor.grants if grant.role is Role.APPROVER)
    if not looking and not signs:
        return None
    whole = EVERY_TENANT in looking
    names = await broker_of(request).tenants.names()
    known = sorted(names, key=lambda name: (name != DEFAULT_TENANT, name))
    viewer = Viewer(
        actor,
        whole,
        looking.get(EVERY_TENANT) is Role.OPERATOR,
        tuple(name for name in known if whole or name in looking),
        frozenset(name for name, role in looking.items() if role is Role.OPERATOR),
        signs,
    )
    town = request.GET.get("town", "")
    if not town:
        return viewer
    if town not in viewer.towns:
        raise Http404(town)
    return replace(viewer, town=town)


async def audit(
    connection: Connection,
    viewer: Viewer,
    tenant: str,
    action: str,
    thing: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Note what the viewer does, in the transaction in which it is done."""
    event = Event(tenant, viewer.actor.subject, action, thing, before, after)
    await append(connection, event)
