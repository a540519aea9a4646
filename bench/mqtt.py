"""Messages of 2,000 devices over a real mosquitto into the history: none lost, bounded queue."""

import asyncio
import contextlib
import json
import os
import resource
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psycopg

from bench import load
from bench.installation import Server
from bench.table import Row
from tamamo.feeds.mqtt.intake import BATCH, ROOM
from tamamo.kernel.database import open_pool, transaction
from tamamo.kernel.identity import INSTALLATION, devices

DEVICES: Final = 2_000
RATE: Final = 1_000
#: Seconds without any more in the history after which what is missing counts as lost.
_PATIENCE: Final = 30
_NAME: Final = "bench"
_FILE: Final = """
name = {{ ja = "計測", en = "Bench" }}
tenant = "{tenant}"
[broker]
url = "mqtt://127.0.0.1:{port}"
[[mapping]]
id = "levels"
name = {{ ja = "水位", en = "Levels" }}
topic = "/json/{{key}}/{{device}}/attrs"
type = "FloodMonitoring"
entity = "urn:ngsi-ld:FloodMonitoring:{{device}}"
[[mapping.attribute]]
name = "currentLevel"
from = "l"
unit = "MTR"
[[mapping.attribute]]
name = "batteryLevel"
from = "b"
of = "device"
"""


def streaming(server: Server, seconds: float) -> list[Row]:
    """Publish 1,000 messages a second for so long, and wait until all are in the history."""
    _allow_files(2 * DEVICES + 500)
    tenant = f"bench-{secrets.token_hex(3)}"
    with _mosquitto() as port:
        keys = asyncio.run(_register(server.dsn, tenant))
        file = server.home / "mqtt" / f"{_NAME}.toml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(_FILE.format(tenant=tenant, port=port))
        try:
            _wait(lambda: _listening(server.dsn, tenant), 60, "the connection does not come up")
            before = server.processor_seconds()
            sent = asyncio.run(_publish(port, keys, seconds))
            ended = time.monotonic()
            _settle(server.dsn, tenant, sent)
            rest = time.monotonic() - ended
            spent = server.processor_seconds() - before
            time.sleep(6)  # the connection's own figures are noted every five seconds
            rows = _rows(server.dsn, tenant, sent, seconds)
            late = Row("  last one sent to all in the history", rest, "s", 5)
            each = Row("  processor time of a message", spent / max(sent, 1) * 1e6, "µs")
            return [*rows, late, each]
        finally:
            file.unlink()
            time.sleep(6)


def _rows(dsn: str, tenant: str, sent: int, seconds: float) -> list[Row]:
    stored, doubled = _stored(dsn, tenant), _doubled(dsn, tenant)
    delays = _query(
        dsn,
        "select percentile_cont(array[0.5, 0.95]) within group"
        " (order by extract(epoch from modified_at - observed_at) * 1000)"
        " from attribute_history where tenant = %s and attr like '%%currentLevel'",
        tenant,
    )
    name = f"MQTT, {DEVICES:,} devices, {seconds:.0f} s"
    return [
        Row(f"{name}: published", sent / seconds, "/s", RATE * 0.99, "high"),
        Row("  lost", sent - stored, "messages", 0),
        Row("  written twice", doubled, "messages", 0),
        Row("  waiting in Tamamo at most", _peak(dsn, tenant), "messages", ROOM + BATCH),
        Row("  sent to history, median", delays[0], "ms"),
        Row("  sent to history, p95", delays[1], "ms", 500),
    ]


async def _register(dsn: str, tenant: str) -> list[str]:
    """Return keys of devices, each for its own topic."""
    keys = []
    async with open_pool(dsn, 2) as pool, transaction(pool) as connection:
        await connection.execute("insert into tenant (name) values (%s)", (tenant,))
        for number in range(DEVICES):
            topic = f"/json/{{key}}/d{number}/attrs"
            _, key = await devices.create(
                connection, INSTALLATION, tenant, f"d{number}", topic=topic
            )
            keys.append(key)
    return keys


async def _publish(port: int, keys: list[str], seconds: float) -> int:
    """Let each device publish every two seconds; return how many messages the broker has."""
    began = time.monotonic() + 2
    counts = await asyncio.gather(
        *(
            _device(port, number, key, began + number / RATE, began + seconds)
            for number, key in enumerate(keys)
        )
    )
    return sum(counts)


async def _device(port: int, number: int, key: str, first: float, end: float) -> int:
    """Be a device: MQTT 3.1.1 by hand, so that 2,000 of them leave the machine to the server."""
    await asyncio.sleep(number / 2000)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    name = f"d{number}".encode()
    connect = b"\0\4MQTT\4\2\0\0" + len(name).to_bytes(2, "big") + name
    writer.write(b"\x10" + bytes([len(connect)]) + connect)
    await reader.readexactly(4)
    topic = f"/json/{key}/d{number}/attrs".encode()
    due, count = first, 0
    while due < end:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        count += 1
        at = datetime.now(UTC).isoformat()
        body = json.dumps({"l": round(count % 100 / 50, 2), "b": 0.9, "TimeInstant": at}).encode()
        rest = len(topic).to_bytes(2, "big") + topic + count.to_bytes(2, "big") + body
        writer.write(b"\x32" + bytes([len(rest) % 128 | 128, len(rest) // 128]) + rest)
        await reader.readexactly(4)  # PUBACK: the broker has it
        due += DEVICES / RATE
    writer.write(b"\xe0\0")
    writer.close()
    return count


@contextlib.contextmanager
def _mosquitto() -> Iterator[int]:
    """Run a mosquitto as docs/howto/connect-a-device.md sets it up; yield its port."""
    program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    if not Path(program).exists():
        raise load.LoadError("mosquitto is not installed")
    folder = Path(tempfile.mkdtemp(prefix="tamamo-bench-mqtt-"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    user = "user root\n" if os.geteuid() == 0 else ""
    (folder / "mosquitto.conf").write_text(
        f"{user}listener {port} 127.0.0.1\nallow_anonymous true\npersistence true\n"
        f"persistence_location {folder}/\nmax_inflight_messages 1000\n"
        "max_queued_messages 1000000\n"
    )
    process = subprocess.Popen(
        [program, "-c", str(folder / "mosquitto.conf")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(lambda: _answers(port), 10, "mosquitto does not start")
        yield port
    finally:
        process.terminate()
        process.wait(timeout=20)
        shutil.rmtree(folder, ignore_errors=True)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _wait(true: Callable[[], bool], seconds: float, otherwise: str) -> None:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise load.LoadError(otherwise)
        time.sleep(0.5)


def _settle(dsn: str, tenant: str, sent: int) -> None:
    """Wait until all is in the history, or no more comes."""
    stored, since = -1, time.monotonic()
    while stored < sent and time.monotonic() - since < _PATIENCE:
        time.sleep(0.5)
        found = _stored(dsn, tenant)
        if found > stored:
            stored, since = found, time.monotonic()


def _listening(dsn: str, tenant: str) -> bool:
    return bool(
        _query(
            dsn,
            "select count(*) from feed where tenant = %s and last_success_at is not null",
            tenant,
        )
    )


def _stored(dsn: str, tenant: str) -> int:
    return int(
        _query(
            dsn,
            "select count(*) from attribute_history"
            " where tenant = %s and attr like '%%currentLevel'",
            tenant,
        )
    )


def _doubled(dsn: str, tenant: str) -> int:
    return int(
        _query(
            dsn,
            "select count(*) - count(distinct (entity_id, observed_at)) from attribute_history"
            " where tenant = %s and attr like '%%currentLevel'",
            tenant,
        )
    )


def _peak(dsn: str, tenant: str) -> float:
    text = _query(
        dsn, "select last_record from feed where tenant = %s and id = 'mqtt-bench'", tenant
    )
    return float(json.loads(text or "{}").get("most_waiting", -1))


def _query(dsn: str, statement: str, tenant: str) -> Any:
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute(statement.encode(), (tenant,)).fetchone()
    return row[0] if row else None


def _allow_files(number: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < number:
        most = number if hard == resource.RLIM_INFINITY else min(number, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
