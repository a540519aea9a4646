"""Two towns in one closed installation, and everybody of the one who may want to see the other.

Everything of Beta is named by words of one form, so that a word of Beta in an answer to Alpha is
found wherever it stands.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tamamo.asgi import build
from tamamo.context.broker import Broker, open_broker
from tamamo.context.snapshots import work
from tamamo.kernel import log
from tamamo.kernel.database import transaction
from tamamo.kernel.identity import Role, devices, system
from tamamo.kernel.settings import Settings
from tests.access.settled import DATASETS
from tests.kernel.identity.conftest import Accounts

KEY = "k" * 43
#: Words that only Beta uses.
WORD = re.compile(r"bq7x[a-z0-9]+")
LD = "/ngsi-ld/v1"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def text(self) -> str:
        """All of it as text: status, headers and body."""
        lines = [f"{name}: {value}" for name, value in self.headers]
        return "\n".join([str(self.status), *lines, self.body.decode("utf-8", "replace")])

    def header(self, name: str) -> str:
        """Return a header's value."""
        return next((value for key, value in self.headers if key == name), "")


async def call(
    app: ASGIApp,
    method: str,
    path: str,
    headers: Mapping[str, str] | list[tuple[str, str]] = {},  # noqa: B006 - never altered
    body: Any = None,
    seconds: float | None = None,
) -> Answer:
    """Ask the application without sockets. seconds: after which the client leaves (streams)."""
    raw, _, query = path.partition("?")
    pairs = list(headers.items()) if isinstance(headers, Mapping) else list(headers)
    content = b"" if body is None else orjson.dumps(body)
    if body is not None:
        pairs += [("content-length", str(len(content)))]
        if not any(name.lower() == "content-type" for name, _ in pairs):
            pairs.append(("content-type", "application/json"))
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
        "scheme": "http", "path": raw, "raw_path": raw.encode(), "query_string": query.encode(),
        "root_path": "", "server": ("broker.test", 80), "client": ("127.0.0.1", 1),
        "headers": [(n.lower().encode("latin-1"), v.encode("latin-1"))
                    for n, v in (("host", "broker.test"), *pairs)],
    }  # fmt: skip
    sent = False
    status, found, chunks = 0, [], []

    async def receive() -> Message:
        nonlocal sent
        if not sent:
            sent = True
            return {"type": "http.request", "body": content, "more_body": False}
        await asyncio.sleep(3600 if seconds is None else seconds)
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        nonlocal status, found
        if message["type"] == "http.response.start":
            status = message["status"]
            found = [(n.decode().lower(), v.decode("latin-1")) for n, v in message["headers"]]
        else:
            chunks.append(message.get("body", b""))

    async with asyncio.timeout(30):
        await app(scope, receive, send)
    return Answer(status, found, b"".join(chunks))


@dataclass
class Ids:
    """Names of things of Beta: the real ones, or others that look like them and are nobody's."""

    word: str
    entity_map: str = field(default_factory=lambda: f"urn:ngsi-ld:EntityMap:{uuid4()}")
    context: str = field(default_factory=lambda: str(uuid4()))
    v2_subscription: str = "0" * 24
    v2_other: str = "1" * 24
    instance: str = field(default_factory=lambda: f"urn:ngsi-ld:Instance:{uuid4()}")
    remote: str = field(default_factory=lambda: f"urn:ngsi-ld:Subscription:{uuid4()}")
    tenant: str = "nowhere"
    #: The town of those who ask. Two towns, alike in everything, ask for the two kinds of ids.
    home: str = "omega"
    #: Under which the data of the snapshot stand.
    data_tenant: str = f"nowhere\x01urn:ngsi-ld:Snapshot:fq7xsnap\x01{uuid4().hex}"

    def named(self, kind: str, what: str) -> str:
        """Return a URI."""
        return f"urn:ngsi-ld:{kind}:{self.word}{what}"

    @property
    def gauge(self) -> str:
        """An entity that Alpha has heard of."""
        return self.named("Gauge", "gauge")

    @property
    def subscription(self) -> str:
        """A subscription."""
        return self.named("Subscription", "sub")

    @property
    def registration(self) -> str:
        """A registration of a source."""
        return self.named("ContextSourceRegistration", "reg")

    @property
    def source_subscription(self) -> str:
        """A subscription to registrations."""
        return self.named("Subscription", "csub")

    @property
    def snapshot(self) -> str:
        """A snapshot."""
        return self.named("Snapshot", "snap")

    @property
    def known(self) -> set[str]:
        """The words that stand in requests: who asks for something by name knows its name."""
        said = ("gauge", "sub", "reg", "csub", "snap", "type", "attr", "value", "scope", "far",
                "name", "draft", "gone", "title", "unit", "tag", "group", "cell")  # fmt: skip
        return {f"{self.word}{what}" for what in said}


@dataclass
class World:
    """The installation, its towns and who has which key."""

    broker: Broker
    app: ASGIApp
    real: Ids
    fake: Ids
    #: Who → Authorization header.
    keys: dict[str, str]
    #: Words and ids of Beta that nobody in Alpha has heard of.
    hidden: set[str] = field(default_factory=set)

    async def ask(self, method: str, path: str, headers: Any = (), body: Any = None, **more: Any
                  ) -> Answer:  # fmt: skip
        """Ask as whoever the headers say."""
        return await call(self.app, method, path, headers or {}, body, **more)

    async def do(self, tenant: str, method: str, path: str, body: Any = None) -> Answer:
        """Do something as the installation's operator, who may do everything."""
        headers = {"authorization": self.keys["installation"], "NGSILD-Tenant": tenant}
        answer = await self.ask(method, path, headers, body)
        assert answer.status < 300, (method, path, answer.text)
        return answer

    def leaks(self, answer: Answer, sent: Iterable[tuple[str, str]] = ()) -> set[str]:
        """Return what of Beta stands in an answer that who asked cannot have known."""
        text = answer.text
        for _, value in sent:
            for part in value.split("\x01"):  # which JSON writes in another way
                text = text.replace(part, "")
        words = set(WORD.findall(text)) - self.real.known
        return words | {one for one in self.hidden if one in text}

    async def fingerprint(self) -> dict[str, str]:
        """Return what stands under Beta, and under its snapshots, table by table."""
        async with transaction(self.broker.pool) as connection:
            cursor = await connection.execute(
                "select c.table_name from information_schema.columns c"
                " join information_schema.tables t using (table_schema, table_name)"
                " where c.column_name = 'tenant' and c.table_schema = 'public'"
                " and t.table_type = 'BASE TABLE'"
            )
            tables = sorted({row[0] for row in await cursor.fetchall()} - COUNTED)
            found = {}
            for table in tables:
                cursor = await connection.execute(
                    f"select md5(coalesce(string_agg(r::text, '|' order by r::text), ''))"
                    f" from {table} r where r.tenant ~ '^beta'"
                )
                row = await cursor.fetchone()
                assert row is not None
                found[table] = str(row[0])
        return found


#: Tables that count requests, which are no change of anybody's data.
COUNTED = {"tenant_minute", "tenant_usage"}
#: The type of a gauge; a device writes no other.
GAUGE = "https://uri.etsi.org/ngsi-ld/default-context/Gauge"
OWN = {
    "id": "urn:ngsi-ld:Gauge:own",
    "type": "Gauge",
    "level": {"type": "Property", "value": 1, "observedAt": "2026-01-01T00:00:00Z"},
    "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [134, 34]}},
}


def settings_of(home: Path, database_url: str) -> Settings:
    """Return the settings of a closed installation."""
    home.mkdir()
    # All is tried within seconds: what is refused as too much would be no answer at all.
    rates = {"actor_rate": 0, "address_rate": 0, "sign_in_rate": 0}
    return Settings(home=home, database_url=database_url, log_level="warning", **rates)


def application_of(broker: Broker) -> ASGIApp:
    """Return the application that serves this broker."""
    application = build(broker.settings)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await application({**scope, "state": {"broker": broker}}, receive, send)

    return app


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[World]:
    """Open the installation and settle both towns."""
    log.configure(settings)
    async with open_broker(settings) as broker:
        broker.identity.key = KEY
        app = application_of(broker)
        keys = {"installation": f"Bearer {KEY}"}
        world = World(broker, app, Ids("bq7x", tenant="beta", home="alpha"), Ids("fq7x"), keys)
        await _settle_alpha(world)
        await _settle_beta(world)
        async with transaction(broker.pool) as connection:
            await connection.execute(DATASETS.encode())
        await _give_keys(world)
        yield world


async def _settle_alpha(world: World) -> None:
    await world.do("default", "POST", f"{LD}/entities", OWN)
    for ids in (world.real, world.fake):
        near = {"type": "Relationship", "object": ids.gauge, "objectType": "Gauge"}
        linked = {"id": "urn:ngsi-ld:Pump:own", "type": "Pump", "near": near}
        await world.do(ids.home, "POST", f"{LD}/entities", OWN)
        await world.do(ids.home, "POST", f"{LD}/entities", linked)


async def _settle_beta(world: World) -> None:
    real, hook = world.real, "http://127.0.0.1:9/bq7xhook"
    endpoint = {"uri": hook, "receiverInfo": [{"key": "Authorization", "value": "bq7xsecret"}]}
    gauge = OWN | {
        "id": real.gauge,
        "scope": "/bq7xscope",
        "note": {"type": "Property", "value": "bq7xvalue", "observedAt": "2026-01-01T00:00:00Z",
                 "bq7xbelow": {"type": "Property", "value": "bq7xdeep"}},
        "bq7xattr": {"type": "Property", "value": 2},
        "bq7xunsaid": {"type": "Property", "value": "bq7xquiet"},
    }  # fmt: skip
    other = {"id": real.named("bq7xtype", "other"), "type": ["bq7xtype", "bq7xunheard"],
             "scope": ["/bq7xscope/bq7xinner"], "note": gauge["note"]}  # fmt: skip
    for entity in (gauge, other):
        await world.do("beta", "POST", f"{LD}/entities", entity)
    query = {"type": "Query", "entities": [{"type": "Gauge"}, {"type": "bq7xtype"}]}
    past = query | {"temporalQ": {"timerel": "after", "timeAt": "2020-01-01T00:00:00Z"}}
    snapshot = {"id": real.snapshot, "type": "Snapshot", "snapshotName": "bq7xname",
                "snapshotQueries": [query], "snapshotTemporalQueries": [past]}  # fmt: skip
    await world.do("beta", "POST", f"{LD}/snapshots", snapshot)
    assert await work.fill(world.broker) == 1
    subscription = {"id": real.subscription, "type": "Subscription", "description": "bq7xabout",
                    "entities": [{"type": "Gauge"}], "localOnly": True,
                    "notification": {"endpoint": endpoint}}  # fmt: skip
    await world.do("beta", "POST", f"{LD}/subscriptions", subscription)
    watch = subscription | {"id": real.source_subscription}
    del watch["localOnly"]
    await world.do("beta", "POST", f"{LD}/csourceSubscriptions", watch)
    registration = {"id": real.registration, "type": "ContextSourceRegistration",
                    "information": [{"entities": [{"type": "bq7xfar"}]}],
                    "endpoint": "http://127.0.0.1:9/bq7xsource"}  # fmt: skip
    await world.do("beta", "POST", f"{LD}/csourceRegistrations", registration)
    body = {"@context": {"bq7xterm": "https://bq7xvocabulary.example/term"}}
    real.context = (
        (await world.do("beta", "POST", f"{LD}/jsonldContexts", body))
        .header("location")
        .rpartition("/")[2]
    )
    made = await world.do("beta", "GET", f"{LD}/entityMaps?type=Gauge&local=true")
    real.entity_map = orjson.loads(made.body)["id"]
    shown = await world.do(
        "beta", "GET", f"{LD}/temporal/entities/{quote(real.gauge)}?attrs=note&local=true"
    )
    real.instance = orjson.loads(shown.body)["note"][0]["instanceId"]
    headers = {"authorization": world.keys["installation"], "Fiware-Service": "beta"}
    v2 = {"description": "bq7xabout2", "subject": {"entities": [{"idPattern": ".*"}]},
          "notification": {"http": {"url": hook}}}  # fmt: skip
    answer = await world.ask("POST", "/v2/subscriptions", headers, v2)
    real.v2_subscription = answer.header("location").rpartition("/")[2]
    async with transaction(world.broker.pool) as connection:
        cursor = await connection.execute("select data_tenant from snapshot where tenant = 'beta'")
        row = await cursor.fetchone()
    assert row is not None
    real.data_tenant = row[0]
    # Known to who asks for them by name are the ids; these stand beside them.
    world.hidden |= {real.data_tenant.rpartition("\x01")[2], "tmk_", "t-owner"}


async def _give_keys(world: World) -> None:
    broker, keys = world.broker, world.keys

    async def run(statement: str, *values: Any) -> Any:
        async with transaction(broker.pool) as connection:
            cursor = await connection.execute(statement.encode(), values)
            return await cursor.fetchone() if cursor.description else None

    accounts = Accounts(run)

    async def somebody(who: str, role: Role, scope: str = "", seconds: float = 3600) -> None:
        for home in ("alpha", "omega"):
            name = f"{who} of {home}"
            client = await accounts.client(name, home=home)
            await accounts.grant(f"client:{name}", home, role)
            scopes = f"read write subscribe administer {scope}".strip()
            keys[name] = await accounts.token(
                client, scopes, seconds=seconds, text=f"t-{who}-{home}"
            )

    for role in (Role.OPERATOR, Role.APPROVER, Role.EDITOR, Role.AUDITOR, Role.DEVELOPER,
                 Role.REPORTER, Role.RESIDENT):  # fmt: skip
        await somebody(role.value, role)
    await somebody("expired", Role.OPERATOR, seconds=-1)
    await somebody("fenced", Role.OPERATOR, "tenant:alpha tenant:omega")
    await somebody("revoked", Role.OPERATOR)
    await run("delete from oauth2_provider_accesstoken where application_id ="
              " any (select id from accounts_client where client_id like 'revoked%%')")  # fmt: skip
    # One of Beta's own whose token is for Alpha alone.
    client = await accounts.client("betas", home="beta")
    await accounts.grant("client:betas", "beta", Role.OPERATOR)
    keys["astray"] = await accounts.token(
        client, "read write tenant:alpha tenant:omega", text="t-astray"
    )
    for home in ("alpha", "omega"):
        async with transaction(broker.pool) as connection:
            _, key = await devices.create(connection, system("test"), home, "d", type=GAUGE)
        keys[f"device of {home}"] = f"Bearer {key}"
    client = await accounts.client("owner", home="beta")
    await accounts.grant("client:owner", "beta", Role.OPERATOR)
    keys["owner"] = await accounts.token(client, "read write subscribe administer", text="t-own")


__all__ = ["LD", "WORD", "Answer", "Ids", "World", "call", "opened", "timedelta"]
