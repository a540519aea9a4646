"""The pages too: no page, export or form of a face shows or changes another town's things.

The addresses are those of Django's own routing table, so a new page is tried from its first day.
"""

import asyncio
import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tamamo.context.broker import open_broker
from tamamo.kernel.database import open_pool, transaction
from tamamo.kernel.home import api_key
from tamamo.kernel.identity import devices, system
from tamamo.kernel.settings import Settings
from tamamo.publishing.datasets.live.declaration import declared
from tamamo.publishing.datasets.live.sync import sync
from tamamo.registers import catalogue
from tamamo.registers.projection import own_types
from tests.access.world import COUNTED, GAUGE, LD, WORD
from tests.accounts.signing import make_user, sign_in, token_of
from tests.conftest import TEMPLATE, running_server

ROLES = ("resident", "reporter", "developer", "editor", "approver", "auditor", "operator")
#: What somebody does to their own account alone, and what would sign them out.
OWN = ("account/", "oauth/")
#: Behind the number of what a seed makes with an id of its own.
_REST = "-7777-4777-8777-777777777777"
_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>((?:[^()]|\([^()]*\))*)\)")
_SEED = """
insert into tenant (name, title) values ('alpha', '{"ja": "甲町", "en": "Alpha"}'),
    ('beta', '{"ja": "乙町", "en": "Beta"}'), ('gamma', '{"ja": "丙町", "en": "Gamma"}');
insert into feed (tenant, id, name_ja, name_en, source, licence, interval_seconds, last_record)
    values ('beta', 'bq7xfeed', 'bq7xnameja', 'bq7xnameen', 'https://bq7xsource.jp', 'x', 60,
    'bq7xlast');
insert into feed_record (tenant, feed_id, received_at, body)
    values ('beta', 'bq7xfeed', now(), convert_to('bq7xraw', 'UTF8'));
insert into feed_rejects (tenant, feed_id, noted_at, name, rows, body)
    values ('beta', 'bq7xfeed', now(), 'bq7xfile.csv', 1, convert_to('bq7xrow', 'UTF8'));
insert into contact (tenant, id, name, organisation, note, addresses) values ('beta',
    '00000001-7777-4777-8777-777777777777', 'bq7xcontact', 'bq7xunit', 'bq7xnote',
    '[{"channel": "mail", "to": "bq7xto@example.jp"}]');
insert into duty_roster (tenant, id, name, document) values ('beta',
    '00000002-7777-4777-8777-777777777777', 'bq7xroster', '{"shifts": []}');
insert into duty_change (tenant, id, roster, begins_at, ends_at, present, reason, actor) values
    ('beta', '00000006-7777-4777-8777-777777777777', '00000002-7777-4777-8777-777777777777', now(),
    now() + interval '1 day', '00000001-7777-4777-8777-777777777777', 'bq7xreason', 'user:1');
insert into call_tree (tenant, id, name, document) values ('beta',
    '00000003-7777-4777-8777-777777777777', 'bq7xtree', '{"rounds": 1, "gather": 1, "steps": [
    {"name": "bq7xstep", "minutes": 5, "mode": "together", "targets": []}]}');
insert into call_rule (tenant, id, name, tree, document) values ('beta',
    '00000005-7777-4777-8777-777777777777', 'bq7xrule', '00000003-7777-4777-8777-777777777777',
    '{}');
insert into call (tenant, id, tree_name, document, severity, state, started_at) values ('beta',
    '00000004-7777-4777-8777-777777777777', 'bq7xtreename', '{"rounds": 1, "gather": 1,
    "steps": []}', 'high', 'unanswered', now());
insert into notification (tenant, entity_id, subscription_id, bucket, media, body, attempts,
    last_error, dead_at) values ('beta', 'urn:x:bq7xentity', 'urn:bq7xsubscription', 1,
    'application/json', '{"of": "bq7xbody"}', 5, 'bq7xerror', now());
select job_defer('beta', 'user:1', 'feed.replay', '{"feed":"bq7xjob","numbers":[1]}', false,
    now() + interval '1 day');
select audit_append('beta', 'user:1', 'test.seed', 'thing:bq7xaudited');
insert into accounts_client (client_id, redirect_uris, post_logout_redirect_uris, client_type,
    authorization_grant_type, client_secret, hash_client_secret, name, skip_authorization, created,
    updated, algorithm, allowed_origins, registration_source, home_tenant, scopes)
    values ('bq7xclient', '', '', 'confidential', 'client-credentials', '!', true, 'bq7xfirm',
    false, now(), now(), '', '', '', 'beta', 'read');
insert into warning (tenant, id, opened_by)
    values ('beta', '77777777-7777-4777-8777-777777777777', 'user:1');
insert into warning_draft (tenant, id, warning, purpose, state, created_by, changed_by)
    values ('beta', '88888888-8888-4888-8888-888888888888', '77777777-7777-4777-8777-777777777777',
    'alert', 'submitted', 'user:1', 'user:1');
insert into warning_revision (tenant, draft, version, content, by)
    values ('beta', '88888888-8888-4888-8888-888888888888', 1,
    '{"headline": {"ja": "bq7xheadline", "en": "bq7xheadline"}}', 'user:1');
insert into warning_subscription (tenant, channel, address, language, leaving, confirmed_at)
    values ('beta', 'mail', 'bq7xresident@example.jp', 'ja', 'leaving-of-beta', now());
insert into tenant (name, title)
    values ('beta-drill-1', '{"ja": "bq7xdrillja", "en": "bq7xdrillen"}');
insert into drill (tenant, town, title, state, recipients, begins_at, expires_at, created_by)
    values ('beta-drill-1', 'beta', 'bq7xdrilltitle', 'ready', '{bq7xreach@example.jp}', now(),
    now() + interval '1 day', 'user:1');
insert into rule_version (tenant, rule_id, version, document, enabled, actor) values ('beta',
    'own-rule', 1, '{"id": "own-rule", "name": {"ja": "bq7xruleja", "en": "bq7xruleen"}, "severity":
    "low", "subject": {"type": "Device"}, "condition": {"silence": {"after": "PT9H"}}, "text":
    {"ja": "bq7xtextja", "en": "bq7xtexten"}}', true, 'user:1');
insert into rule_silence (tenant, rule_id, until, reason, actor)
    values ('beta', 'own-rule', now() + interval '1 day', 'bq7xsilence', 'user:1');
insert into facility_correction (tenant, id, entity_id, digest, comment, language) values ('beta',
    '00000011-7777-4777-8777-777777777777', 'urn:ngsi-ld:AccessibleFacility:bq7xfacility',
    sha256('leaving-of-beta'), 'bq7xcomment', 'ja');
insert into facility_correction_item (tenant, correction, field, proposed) values ('beta',
    '00000011-7777-4777-8777-777777777777', 'name', '"bq7xproposed"');
insert into facility_photo (tenant, id, entity_id, state, alt_ja, alt_en, width, height, body,
    sha256) values ('beta', '00000012-7777-4777-8777-777777777777',
    'urn:ngsi-ld:AccessibleFacility:bq7xfacility', 'shown', 'bq7xaltja', 'bq7xalten', 9, 9,
    convert_to('bq7xpixels', 'UTF8'), 'x');
insert into data_request (tenant, number, title, visible) values ('beta', 1, 'bq7xwish', 'held');
insert into data_request_post (tenant, request, kind, body, visible)
    values ('beta', 1, 'request', 'bq7xwishbody', 'held');
insert into data_request_person (tenant, post, name, mail, token)
    select 'beta', id, 'bq7xasker', 'bq7xasker@example.jp', sha256('nobody') from data_request_post
    where tenant = 'beta';
insert into dataset (tenant, id, kind, metadata, licence, title_key, folded, versions,
    created_by, changed_by) values ('beta', 'bq7xdataset', 'file', '{"title": {"ja": "bq7xtitle"},
    "description": {"ja": "bq7xabout"}}', 'CC-BY-4.0', 'bq7xtitle', 'bq7xtitle', 1,
    'user:1', 'user:1');
insert into dataset_version (tenant, dataset, number, state, filename, size, sha256, fields, rows,
    created_by, submitted_by, submitted_at) values ('beta', 'bq7xdataset', 1, 'submitted',
    'bq7xsheet.csv', 1, 'x', '[{"name": "a", "label": {"ja": "bq7xcolumn"}}]', 1, 'user:1',
    'user:1', now());
insert into dataset_row (tenant, version, number, cells, texts)
    select 'beta', id, 1, '["bq7xcell"]', 'bq7xcell' from dataset_version where tenant = 'beta';
insert into plan_value (tenant, project, indicator, at, year, value, basis, source, state, made_by,
    made_at) values ('beta', 'council', 'study_meetings', '2026-03-31', 2025, 7, 'entered',
    'bq7xsource', 'confirmed', 'user:1', now());
insert into plan_text (tenant, project, year, kind, body, state, made_by, made_at)
    values ('beta', 'council', 2025, 'narrative', 'bq7xnarrative', 'approved', 'user:1', now());
insert into plan_evidence (tenant, id, project, year, title, filename, body, made_by, made_at)
    values ('beta', '00000013-7777-4777-8777-777777777777', 'council', 2025, 'bq7xevidence',
    'bq7xfile.csv', convert_to('bq7xbody', 'UTF8'), 'user:1', now());
insert into sharing_agreement (owner, reader, types, actions, purpose, valid_from, proposed_by,
    proposed_for) values ('beta', 'gamma', '{https://bq7xtype.example}', '{read}', 'bq7xpurpose',
    now(), 'user:1', 'beta');
"""


@dataclass
class Faces:
    """A server with two towns, and what its addresses are filled with."""

    base: str
    dsn: str
    real: dict[str, str]
    clients: dict[str, httpx.Client]

    def one(self, statement: str) -> str:
        """Return the first value of a statement."""
        with psycopg.connect(self.dsn) as connection:
            row = connection.execute(statement.encode()).fetchone()
            return str(row[0]) if row else ""

    def fingerprint(self) -> dict[str, str]:
        """Return what stands under Beta, table by table."""
        tables = self.one(
            "select string_agg(c.table_name, ' ') from information_schema.columns c"
            " join information_schema.tables t using (table_schema, table_name)"
            " where c.column_name = 'tenant' and c.table_schema = 'public'"
            " and t.table_type = 'BASE TABLE'"
        ).split()
        people = "select md5(string_agg(u::text, '' order by id)) from accounts_user u"
        found = {"people": self.one(f"{people} where home_tenant = 'beta'")}
        for table in sorted(set(tables) - COUNTED):
            if table.startswith("attribute_history_"):
                continue  # between these, months are moved; all are in the table they are part of
            found[table] = self.one(
                f"select md5(coalesce(string_agg(r::text, '|' order by r::text), ''))"
                f" from {table} r where r.tenant = 'beta'"
            )
        return found


@pytest.fixture
def faces(cluster_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Faces]:
    for name in ("ADDRESS", "ACTOR", "SIGN_IN"):
        monkeypatch.setitem(os.environ, f"TAMAMO_{name}_RATE", "0")
    name = f"t_{secrets.token_hex(6)}"
    with psycopg.connect(cluster_dsn, autocommit=True) as connection:
        connection.execute(f"create database {name} template {TEMPLATE}".encode())
    dsn = make_conninfo(cluster_dsn, dbname=name)
    with psycopg.connect(dsn) as connection:
        for statement in _SEED.split(";\n"):
            if statement.strip():
                connection.execute(statement.encode())
    for role in ROLES:
        make_user(dsn, f"{role}@example.jp", ("alpha", role), home_tenant="alpha")
    person = make_user(dsn, "bq7xmail@example.jp", ("beta", "editor"), name="bq7xperson",
                       home_tenant="beta")  # fmt: skip
    device, _ = asyncio.run(_device(dsn))
    home = tmp_path / "home"
    home.mkdir()
    key = api_key(home)
    with running_server(home, dsn=dsn) as base:
        entity = {"id": "urn:ngsi-ld:FloodMonitoring:bq7xstation", "type": "FloodMonitoring",
                  "stationID": {"type": "Property", "value": "bq7xstation"},
                  "name": {"type": "Property", "value": "bq7xgaugename"}}  # fmt: skip
        headers = {"Authorization": f"Bearer {key}", "NGSILD-Tenant": "beta"}
        answer = httpx.post(f"{base}{LD}/entities", json=entity, headers=headers)
        assert answer.status_code == 201, answer.text
        asyncio.run(_settle(home, dsn))
        clients = {"": httpx.Client(base_url=base, timeout=30)}
        clients[""].get("/account/login/")
        for role in ROLES:
            clients[role] = httpx.Client(base_url=base, timeout=30)
            assert sign_in(clients[role], f"{role}@example.jp").status_code == 302
        opened = Faces(base, dsn, {}, clients)
        opened.real = _real(opened, str(person), device)
        yield opened
        for client in clients.values():
            client.close()


async def _device(dsn: str) -> tuple[str, str]:
    async with open_pool(dsn, 1) as pool, transaction(pool) as connection:
        return await devices.create(connection, system("test"), "beta", "bq7xdevice", type=GAUGE)


async def _settle(home: Path, dsn: str) -> None:
    """Have the live datasets made now, so that no service does while pages are tried."""
    async with open_broker(Settings(home=home, database_url=dsn)) as broker:
        async with transaction(broker.pool) as connection:
            await own_types(connection, catalogue.declared())
        await sync(broker, declared())


def _real(faces: Faces, person: str, device: str) -> dict[str, str]:
    return {
        "tenant": "beta", "town": "beta", "side": "beta", "feed": "bq7xfeed", "device": device,
        "register": "river_gauges", "client": "bq7xclient", "subject": f"user:{person}",
        "entity": "urn:ngsi-ld:FloodMonitoring:bq7xstation", "station": "bq7xstation",
        "console/users/number": person,
        "console/feeds/number": faces.one("select min(number) from feed_record"),
        "console/notifications/number": faces.one("select min(seq) from notification"),
        "console/jobs/number": faces.one("select min(id) from procrastinate_jobs"),
        "console/agreements/number": faces.one("select id from sharing_agreement"),
        "dataset": "bq7xdataset", "version": "1",
        "requests/<int:number>/number": "1", "staff/<slug:town>/number": "1",
        "warning": "77777777-7777-4777-8777-777777777777",
        "draft": "88888888-8888-4888-8888-888888888888",
        "message": "99999999-9999-4999-8999-999999999999", "token": "leaving-of-beta",
        "drill": "beta-drill-1", "rule": "own-rule",
        "alerts/silences/number": faces.one("select number from rule_silence"),
        "call": f"{4:08}{_REST}", "contact": f"{1:08}{_REST}", "tree": f"{3:08}{_REST}",
        "correction": f"{11:08}{_REST}", "photo": f"{12:08}{_REST}",
        "evidence": f"{13:08}{_REST}", "project": "council", "indicator": "study_meetings",
        "staff/<slug:town>/year": "2025",
        "roster": f"{2:08}{_REST}", "swap": f"{6:08}{_REST}", "callrule": f"{5:08}{_REST}",
        "grant": faces.one("select id from role_grant where tenant = 'beta'"),
    }  # fmt: skip


FAKE = {
    "tenant": "nowhere", "town": "nowhere", "side": "nowhere", "feed": "none", "view": "1",
    "device": str(uuid4()), "register": "river_gauges", "client": "nobody", "subject": "user:99999",
    "entity": "urn:ngsi-ld:FloodMonitoring:none", "station": "none", "number": "999999",
    "console/agreements/number": str(uuid4()), "grant": str(uuid4()), "upload": str(uuid4()),
    "batch": str(uuid4()), "edit": "999999", "project": "none", "name": "none", "verb": "replay",
    "slug": "none", "rest": "collections", "indicator": "none", "year": "1999", "kind": "pdf",
    "drill": "none", "provider_id": "none", "rule": "none", "key": "x", "uidb36": "x",
    "warning": str(uuid4()), "draft": str(uuid4()), "message": str(uuid4()), "step": "submit",
    "token": "leaving-of-nobody",
    "dataset": "none", "version": "1",
    "call": str(uuid4()), "contact": str(uuid4()), "tree": str(uuid4()), "roster": str(uuid4()),
    "swap": str(uuid4()), "callrule": str(uuid4()),
    "correction": str(uuid4()), "photo": str(uuid4()), "evidence": str(uuid4()),
    "base": "20260701010000", "valid": "20260701010000", "z": "8", "x": "222", "y": "101",
}  # fmt: skip


def addresses() -> list[str]:
    """Return the patterns of every page, as Django has them."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tamamo.web.settings")
    import django
    from django.urls import get_resolver

    django.setup()

    def walk(resolver: Any, prefix: str = "") -> Iterator[str]:
        for one in resolver.url_patterns:
            path = prefix + str(one.pattern)
            yield from walk(one, path) if hasattr(one, "url_patterns") else (path,)

    return list(dict.fromkeys(walk(get_resolver())))


def fill(pattern: str, values: dict[str, str]) -> list[str]:
    """Return the paths of a pattern: one for each form that a file can have."""
    forms = re.search(r"\(\?P<form>([\w|]+)\)", pattern)
    area = "/".join(pattern.lstrip("^").split("/")[:2]).replace("^", "")

    def value(found: re.Match[str], form: str) -> str:
        name = found[1] or found[2]
        if name == "form":
            return form
        return values.get(f"{area}/{name}") or values.get(name) or FAKE[name]

    return [
        _PARAMETER.sub(lambda found, form=form: value(found, form), pattern)  # type: ignore[misc]
        .replace("^", "").replace("$", "").replace("\\.", ".")
        for form in (forms[1].split("|") if forms else ["csv"])
    ]  # fmt: skip


def leaks(text: str) -> set[str]:
    """Return Beta's words in a page, but for those that stand in addresses.

    And for the title in a drill's banner: it stands wherever the drill's name does, which is as
    long and random as a password (tamamo/kernel/drills/http.py); here somebody has it.
    """
    return set(WORD.findall(text)) - {
        "bq7xfeed", "bq7xstation", "bq7xclient", "bq7xdataset", "bq7xdrilltitle",
    }  # fmt: skip


#: What names a town in an address.
_TOWNS = {"town", "tenant", "side"}
#: What forms send, so that a step is more often taken than the form found wanting.
_SENT = {
    "tenant": "alpha", "reason": "x", "version": "1", "note": "x", "text": "x", "act": "on",
    "confirm": "yes", "name": "x", "comment": "x", "seen": "on", "seen_privacy": "on",
}  # fmt: skip


def crossed(faces: Faces, tokens: dict[str, str]) -> tuple[list[str], int]:
    """Ask in Alpha, with Alpha's rights, for what has an id in Beta; return what leaked."""
    found, tried = [], 0
    values = faces.real | dict.fromkeys(_TOWNS, "alpha")
    for pattern in addresses():
        named = {one[1] or one[2] for one in _PARAMETER.finditer(pattern)}
        if not (named & _TOWNS and named - _TOWNS) or pattern.startswith(OWN):
            continue
        for path in fill(pattern, values):
            for who in ("operator", "approver"):
                client, sent = faces.clients[who], {"csrfmiddlewaretoken": tokens[who]}
                for answer in (client.get(f"/{path}"), client.post(f"/{path}", data=_SENT | sent)):
                    tried += 1
                    words = leaks(answer.text)
                    if words or answer.status_code >= 500:
                        asked = f"{answer.request.method} /{path} [{who}]: {answer.status_code}"
                        found.append(f"{asked} {sorted(words)}")
    return found, tried


def test_no_page_shows_or_changes_another_town(faces: Faces) -> None:
    before, found, told, tried = faces.fingerprint(), [], [], 0
    posted: list[tuple[str, int]] = []
    form = {who: "/account/logout/" if who else "/account/login/" for who in faces.clients}
    tokens = {who: token_of(client.get(form[who]).text) for who, client in faces.clients.items()}
    for pattern in addresses():
        paths = zip(fill(pattern, faces.real), fill(pattern, FAKE), strict=True)
        for real, fake in paths:
            queries = ("", "?tenant=beta", "?town=beta") if "<" not in pattern else ("",)
            inner = real.startswith(("console", "staff"))
            prefixes = ("/",) if inner else ("/", "/t/beta/")
            known = 0
            for who, client in faces.clients.items():
                if not inner and who not in {"", "resident", "operator"}:
                    continue  # roles make no difference there
                for prefix, query in ((p, q) for p in prefixes for q in queries):
                    answer = client.get(f"{prefix}{real}{query}")
                    tried += 1
                    if not query:
                        known = answer.status_code
                    if words := leaks(answer.text):
                        found.append(f"GET {prefix}{real}{query} [{who}]: {sorted(words)}")
                    if answer.status_code >= 500:
                        found.append(f"GET {prefix}{real}{query} [{who}]: {answer.status_code}")
                absent = client.get(f"/{fake}").status_code if inner else 0
                if inner and known != absent:
                    told.append(f"GET /{real} [{who}]: {known}, but otherwise {absent}")
                if not pattern.startswith(OWN):
                    sent = {"tenant": "beta", "reason": "x", "csrfmiddlewaretoken": tokens[who]}
                    answer = client.post(f"/{real}", data=sent)
                    tried += 1 + inner
                    posted.append((who, answer.status_code))
                    if words := leaks(answer.text):
                        found.append(f"POST /{real} [{who}]: {sorted(words)}")
    more, also = crossed(faces, tokens)
    found, tried = found + more, tried + also
    after = faces.fingerprint()
    print(f"{len(addresses())} addresses, {len(faces.clients)} people, {tried} requests")
    assert not found, "\n".join(found[:30])
    assert not told, "\n".join(told[:30])
    # That a form had no token would be an answer about the token, not about the right.
    assert len({status for _, status in posted}) > 2, set(posted)
    assert {name for name in before if before[name] != after.get(name)} == set()
