"""The tables follow the distribution rules of docs/limits.md, held to a migrated database.

Entity-bound tables can be spread over machines by entity id: every unique key holds tenant and
entity id, so that each machine can see to it alone, and nothing refers to rows of another entity.
All other tables are small and go whole to every machine (reference tables); each says why.
"""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tamamo.kernel.migrate import known
from tests.conftest import ROOT

#: Entity-bound table → its column with the entity's id.
BOUND = {
    "entity": "id",
    "temporal_entity": "entity_id",
    "attribute_history": "entity_id",
    "attribute_rollup": "entity_id",
    "rollup_mark": "entity_id",
    "outbox": "entity_id",
    "notification": "entity_id",
    "register_row": "entity_id",
    "register_edit": "entity_id",
    "rule_state": "subject",
    # Rows of no entity, but many: those of a version stay together.
    "dataset_row": "version",
    "dataset_file": "version",
    "dataset_entity": "entity_id",
}

#: Reference table → why its rows are of no entity, and few.
REFERENCE = {
    "tenant": "one row a tenant",
    "tenant_usage": "one row a tenant",
    "tenant_minute": "one row a tenant and minute with requests, kept for a day",
    "sharing_agreement": "one row an agreement; every process keeps those in force in memory",
    "town_generation": "one row: how often tenants and agreements have changed",
    "schema_migration": "one row a migration",
    "feed": "one row a feed",
    "feed_switch": "one row a feed that an operator switched on or off in a town",
    "feed_error": "one row a feed and kind of error",
    "subscription": "one row a subscription; every process keeps all in memory",
    "notification_state": "one row: how far the outbox is matched",
    "remote_subscription": "one row a subscription and registration it goes on to",
    "registration": "one row a context source; every process keeps all in memory",
    "registration_generation": "one row a tenant",
    "jsonld_context": "at most some hundred @contexts a tenant",
    "jsonld_context_generation": "one row a tenant",
    "entity_map": "one row a query that somebody pages through; a cache that may be lost",
    "entity_map_entry": "read by map and place, not by entity; a cache that may be lost",
    "snapshot": "one row a snapshot; what it holds stands in the entity-bound tables",
    "snapshot_remains": "one row a deleted snapshot, until it is swept",
    "snapshot_notice": "one row a notification about a snapshot, until it is delivered",
    "history_state": "one row: how far the history is folded",
    "history_dropped": "one row a month that was dropped",
    "retention": "one row a rule",
    "drill": "one row a drill; every process keeps all in memory",
    "drill_person": "one row a person who takes part in a drill",
    "drill_clock": "one row a turn of a drill's clock",
    "drill_event": "some hundred rows a drill: what was played; removed with it",
    "drill_note": "some dozen rows a drill: what its reviewers said",
    "audit_event": "one row an act of a person, chained by tenant: of no entity, never a reading",
    "audit_head": "one row a tenant",
    "backup": "one row a backup that was made or tried",
    "audit_pending": "empty outside the transactions under way",
    "org_unit": "some hundred rows a tenant",
    "owned_type": "one row a tenant and type",
    "type_part": "one row a tenant, type and unit that owns fields of it: some dozens",
    "role_grant": "one row a role that somebody holds",
    "device": "one row a device with a key, never a reading",
    "device_refusal": "one row a device and reason why its key was refused",
    "device_key": "one or two rows a device",
    "accounts_user": "one row a person who signs in",
    "accounts_client": "one row a program that asks for tokens",
    "accounts_signinfailure": "one row an account or address that failed lately",
    "accounts_usedcode": "one row an authorization code of the last days",
    "account_emailaddress": "one row an address of a person",
    "account_emailconfirmation": "one row an address that waits for its confirmation",
    "auth_group": "Django's own; stays empty: rights are grants",
    "auth_group_permissions": "Django's own; stays empty",
    "auth_permission": "Django's own; stays empty",
    "django_cache": "limits and used codes of the last hours",
    "django_content_type": "Django's own; stays empty",
    "django_migrations": "one row a migration of Django's apps",
    "django_session": "one row a browser that is signed in",
    "mfa_authenticator": "one row a second factor of a person",
    "oauth2_provider_accesstoken": "one row a token in force",
    "oauth2_provider_devicegrant": "the token library's own; stays empty",
    "oauth2_provider_grant": "one row a code of the last minute",
    "oauth2_provider_idtoken": "the token library's own; stays empty",
    "oauth2_provider_refreshtoken": "one row a token of the last month",
    "socialaccount_socialaccount": "one row a person's account kept elsewhere",
    "socialaccount_socialapp": "the sign-in library's own; stays empty: providers stand in a file",
    "socialaccount_socialtoken": "the sign-in library's own; stays empty",
    "usersessions_usersession": "one row a browser that is signed in",
    "register_declared": "one row a declared register",
    "register_import": "one row a table somebody imports, for some days",
    "saved_view": "one row a view of a list that somebody keeps",
    "job": "one row a job of the last month",
    "mqtt_session": "one row a connection to an MQTT broker",
    "mqtt_arrival": "messages under way of each connection, the last few batches",
    "mqtt_trouble": "the newest topics and reasons of each feed, some hundred at most",
    "unit_stay": "one row a move of a portable unit",
    "nowcast_frame": "one row a picture of the rain, some dozens a town; a cache",
    "nowcast_tile": "the pictures themselves, some MB a town; a cache",
    "jma_telegram": "what JMA told a town in the last two months: some hundred rows",
    "rule_progress": "one row: how far the changes are evaluated by rules",
    "rule_version": "one row a version of a rule that staff changed; all in memory where rules run",
    "rule_silence": "one row a silence of alarms",
    "alert_head": "one row a town",
    "alert_event": "one row a change of an alert: a town's are in one order, some thousand a year",
    "feed_record": "the last few raw records of each feed",
    "feed_rejects": "the last few rejects files of each feed",
    "plan_value": "one row a value of the plan: some thousand, of no entity's own key",
    "plan_text": "narratives and decisions of the plan: some hundred a year",
    "plan_evidence": "links and files of the plan: some hundred a year",
    "warning": "one row a warning to the public",
    "warning_draft": "one row a message of a warning that somebody writes",
    "warning_revision": "one row a version of such a text",
    "warning_message": "one row a published message, for ever",
    "warning_setup": "one row a version of a town's templates",
    "warning_issuer": "one row a town",
    "warning_subscription": "one row a resident who wants to be told; of no entity",
    "facility_correction": "one row what somebody says of a facility, for some months",
    "facility_correction_item": "one row a field of such a correction",
    "facility_photo": "one row a photo of a facility: some hundred a town",
    "data_request": "one row a request for data of the public",
    "data_request_post": "one row a text of such a thread",
    "data_request_person": "one row somebody who wrote one, until erased; of no entity",
    "dataset": "one row a dataset that the town publishes",
    "dataset_version": "one row a file that was brought for a dataset",
    "catalogue_source": "one row a catalogue of others that a town reads",
    "catalogue_entry": "one row a dataset of such a catalogue",
    "dataset_change": "one row a publication, roll-back or withdrawal of a dataset",
    "contact": "one row somebody who can be called",
    "duty_roster": "one row a roster",
    "duty_change": "one row a swap of duty",
    "call_tree": "one row a contact tree",
    "call_rule": "one row a rule that says which alerts call which tree",
    "call_cursor": "one row a tenant: how far its alerts are followed",
    "call": "one row a call of people, which one episode of alerts begins",
    "call_alert": "one row an alert that a call is about",
    "call_person": "one row somebody who was called at a step",
    "call_log": "one row something that happened in a call",
    "message": "one row a message to a person, for some months; of no entity",
    "message_sender": "one row a town",
    "push_subscription": "one row a browser that takes notifications",
    "procrastinate_jobs": "the job library's own; one row a job of the last month",
    "procrastinate_events": "the job library's own; a few rows a job",
    "procrastinate_workers": "the job library's own; one row a process at work",
    "procrastinate_periodic_defers": "the job library's own; stays empty",
}

#: Table with triggers → what for.
TRIGGERED = {
    "audit_event": "refuse every change",
    "audit_head": "refuse every change but the next event",
    "audit_pending": "chain the events when their transaction commits",
    "procrastinate_jobs": "the job library's own: its journal and its notices",
    "warning_message": "refuse every change of what was published",
    "warning_revision": "refuse every change of what was written",
}


@pytest.fixture
def catalogue(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database_url) as connection:
        yield connection


def tables(catalogue: psycopg.Connection[Any]) -> set[str]:
    """Names of all tables but partitions, which follow the table they are part of."""
    rows = catalogue.execute(
        "select relname from pg_class where relnamespace = 'public'::regnamespace"
        " and relkind in ('r', 'p') and not relispartition"
    )
    return {row[0] for row in rows}


def unique_keys(catalogue: psycopg.Connection[Any]) -> list[tuple[str, str, set[str]]]:
    """(table, index, its columns) of every unique index, those of partitions included."""
    rows = catalogue.execute(
        """
        select coalesce(pg_partition_root(c.oid), c.oid)::regclass::text, i.relname,
               array(select a.attname::text from pg_attribute a
                     where a.attrelid = c.oid and a.attnum = any(x.indkey::int2[]))
        from pg_index x
        join pg_class i on i.oid = x.indexrelid
        join pg_class c on c.oid = x.indrelid
        where x.indisunique and c.relnamespace = 'public'::regnamespace
        """
    )
    return [(table, index, set(columns)) for table, index, columns in rows]


def columns(catalogue: psycopg.Connection[Any]) -> dict[str, dict[str, bool]]:
    """Table → column → whether it is never null."""
    found: dict[str, dict[str, bool]] = {}
    for table, column, filled in catalogue.execute(
        "select c.relname, a.attname::text, a.attnotnull from pg_attribute a"
        " join pg_class c on c.oid = a.attrelid where c.relnamespace = 'public'::regnamespace"
        " and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped"
    ):
        found.setdefault(table, {})[column] = filled
    return found


def test_every_table_is_entity_bound_or_says_why_not(catalogue: psycopg.Connection[Any]) -> None:
    assert tables(catalogue) == BOUND.keys() | REFERENCE.keys()
    assert not BOUND.keys() & REFERENCE.keys()


def test_the_rows_of_entity_bound_tables_have_tenant_and_entity(
    catalogue: psycopg.Connection[Any],
) -> None:
    found = columns(catalogue)
    for table, identifier in BOUND.items():
        assert found[table]["tenant"] and found[table][identifier], table


def test_every_unique_key_holds_tenant_and_entity(catalogue: psycopg.Connection[Any]) -> None:
    keys = unique_keys(catalogue)
    seen = {table for table, _, _ in keys}
    assert {"entity", "temporal_entity", "attribute_history", "notification"} <= seen
    for table, index, held in keys:
        if table in BOUND:
            assert {"tenant", BOUND[table]} <= held, index


def test_the_keys_of_reference_tables_hold_the_tenant(catalogue: psycopg.Connection[Any]) -> None:
    """So that one tenant's rows can neither hinder nor meet another's."""
    found = columns(catalogue)
    for table, index, held in unique_keys(catalogue):
        if table in REFERENCE and "tenant" in found[table]:
            assert "tenant" in held, index


def test_no_foreign_key_crosses_entities(catalogue: psycopg.Connection[Any]) -> None:
    rows = catalogue.execute(
        """
        select conname, conrelid::regclass::text, confrelid::regclass::text,
               array(select attname::text from pg_attribute
                     where attrelid = conrelid and attnum = any(conkey)),
               array(select attname::text from pg_attribute
                     where attrelid = confrelid and attnum = any(confkey))
        from pg_constraint where contype = 'f'
        """
    ).fetchall()
    for name, table, target, own, theirs in rows:
        if table in BOUND or target in BOUND:
            assert table in BOUND and target in BOUND, name
            assert {"tenant", BOUND[table]} <= set(own), name
            assert {"tenant", BOUND[target]} <= set(theirs), name


def test_nothing_happens_behind_the_statements(catalogue: psycopg.Connection[Any]) -> None:
    """Triggers would touch rows that a statement does not name; the audit log's see to itself."""
    rows = catalogue.execute(
        "select distinct tgrelid::regclass::text from pg_trigger where not tgisinternal"
    )
    assert {row[0] for row in rows} == TRIGGERED.keys()


def test_every_migration_was_applied_once(catalogue: psycopg.Connection[Any]) -> None:
    rows = catalogue.execute("select name from schema_migration order by name")
    assert [row[0] for row in rows] == known()


def test_the_queue_is_shared_by_buckets_not_by_skipping_locked_rows() -> None:
    """`for update skip locked` does not work across the machines of a cluster.

    The job library's tables stand on one machine (docs/adr/0034): there it does.
    """
    statements = list((ROOT / "tamamo").rglob("*.sql"))
    assert statements
    found = [f.name for f in statements if "skip locked" in f.read_text("utf-8").lower()]
    assert found == ["0034_procrastinate.sql"]
