"""Who makes a tenant by writing, and what a suspended one answers."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tamamo.context.broker import Broker, open_broker
from tamamo.kernel.identity.model import INSTALLATION
from tamamo.kernel.settings import Settings
from tamamo.kernel.towns import Town
from tamamo.kernel.towns.errors import TenantSuspended
from tests.context.conftest import client_of

ENTITY = {"id": "urn:x:1", "type": "Thing"}
TITLES = {"ja": "綾川町", "en": "Ayagawa"}
NEW = {"NGSILD-Tenant": "brand-new"}


@pytest.fixture
async def closed(database_url: str, tmp_path: Path) -> AsyncIterator[Broker]:
    """A broker that asks for keys."""
    settings = Settings(home=tmp_path / "home", database_url=database_url)
    settings.home.mkdir()
    async with open_broker(settings) as broker:
        yield broker


@pytest.fixture
async def client(closed: Broker) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(closed) as opened:
        yield opened


def key_of(broker: Broker) -> dict[str, str]:
    return {"Authorization": f"Bearer {broker.identity.key}"}


async def granted(broker: Broker, email: str, tenant: str, role: str) -> int:
    async with broker.pool.connection() as connection:
        cursor = await connection.execute("select account_create(%s, 'x')", [email])
        row = await cursor.fetchone()
        assert row is not None
        await connection.execute(
            "insert into role_grant (tenant, subject, role, granted_by)"
            " values (%s, %s, %s, 'system:test')",
            [tenant, f"user:{row[0]}", role],
        )
        return int(row[0])


async def test_the_installation_s_key_makes_a_tenant_that_shows_nothing(
    closed: Broker, client: httpx.AsyncClient
) -> None:
    made = await client.post("/entities", json=ENTITY, headers={**NEW, **key_of(closed)})
    assert made.status_code == 201
    town = closed.towns.get("brand-new")
    assert town is not None
    assert town.public_types == frozenset()
    assert (await client.get("/entities?type=Thing", headers=NEW)).status_code in {401, 404}
    entry = await closed.town_service.entry("brand-new")
    assert entry.created_by == "installation"
    async with closed.pool.connection() as connection:
        cursor = await connection.execute("select tenant, actor, action from audit_event")
        assert await cursor.fetchall() == [("brand-new", "installation", "tenant.create")]


async def test_nobody_else_makes_one_by_writing(closed: Broker, client: httpx.AsyncClient) -> None:
    assert (await client.post("/entities", json=ENTITY, headers=NEW)).status_code == 401
    for tenant, role in (("*", "editor"), ("default", "operator")):
        number = await granted(closed, f"{role}@x.example", tenant, role)
        actor = await closed.identity.user(number)
        access = await closed.identity.access(actor, "brand-new")
        assert not access.everything
    assert closed.towns.get("brand-new") is None


async def test_a_suspended_tenant_answers_nobody_and_takes_no_feed(
    closed: Broker, client: httpx.AsyncClient
) -> None:
    public = frozenset({"*"})
    await closed.town_service.create(INSTALLATION, Town("ayagawa", TITLES, public_types=public))
    headers = {"NGSILD-Tenant": "ayagawa"}
    key = {**headers, **key_of(closed)}
    assert (await client.post("/entities", json=ENTITY, headers=key)).status_code == 201
    assert (await client.get("/entities/urn:x:1", headers=headers)).status_code == 200
    await closed.town_service.suspend(INSTALLATION, "ayagawa", "moving")
    base = f"{client.base_url.scheme}://{client.base_url.netloc.decode()}"
    for url in (
        "/entities/urn:x:1",
        "/types",
        "/temporal/entities?type=Thing&timerel=after&timeAt=2020-01-01T00:00:00Z",
    ):
        answer = await client.get(url, headers=headers)
        assert answer.status_code == 403, url
        assert answer.json()["title"] == "Tenant suspended"
    assert (await client.post("/entities", json=ENTITY, headers=key)).status_code == 403
    v2 = await client.get(f"{base}/v2/entities", headers={"Fiware-Service": "ayagawa"})
    assert v2.status_code == 403
    assert (await client.get(f"{base}/sse?tenant=ayagawa")).status_code == 403
    assert (await client.get(f"{base}/sse?town=ayagawa")).status_code == 403
    with pytest.raises(TenantSuspended):
        await closed.observations.record("ayagawa", [])
    await closed.town_service.resume(INSTALLATION, "ayagawa")
    assert (await client.get("/entities/urn:x:1", headers=headers)).status_code == 200
