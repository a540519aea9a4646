"""`tamamo mqtt` and `tamamo devices` beside a real mosquitto, over TLS."""

import asyncio
import ipaddress
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiomqtt
import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tamamo.cli import tamamo
from tests.conftest import free_port
from tests.feeds.mqtt.conftest import TEXT
from tests.feeds.mqtt.mosquitto import PASSWORD, USER, Mosquitto


def certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate of 127.0.0.1 that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    chain, private = folder / "town.crt", folder / "town.key"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return chain, private


@pytest.fixture
def home(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DATABASE_URL", database_url)
    folder = tmp_path / "home"
    (folder / "mqtt").mkdir(parents=True)
    (folder / "secrets").mkdir()
    (folder / "secrets" / "mqtt-town").write_text(PASSWORD)
    return folder


def run(home: Path, *words: str) -> Result:
    return CliRunner().invoke(tamamo, [*words, "--home", str(home)])


@pytest.fixture
def secured(tmp_path: Path, home: Path) -> Iterator[Mosquitto]:
    """A mosquitto that speaks TLS on a second port, and the connection to it."""
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    chain, private = certificate(folder)
    port = free_port()
    running = Mosquitto(folder, f"listener {port} 127.0.0.1\ncertfile {chain}\nkeyfile {private}\n")
    (home / "town.crt").write_bytes(chain.read_bytes())
    text = TEXT.replace(
        'url = "mqtt://127.0.0.1:1883"',
        f'url = "mqtts://127.0.0.1:{port}"\nauthority = "town.crt"',
    )
    (home / "mqtt" / "town.toml").write_text(text, "utf-8")
    running.start()
    yield running
    running.stop()


def test_check_shows_what_messages_become(home: Path, secured: Mosquitto) -> None:
    created = run(home, "key", "create", "pump", "--topic", "/json/{key}/pump-7/attrs")
    key = created.stdout.strip().splitlines()[-1]

    async def devices() -> None:
        async with secured.publisher(aiomqtt.ProtocolVersion.V311) as device:
            for _ in range(40):
                await device.publish(f"/json/{key}/pump-7/attrs", '{"level": 173}', qos=1)
                await device.publish(f"/json/{key}x/pump-7/attrs", '{"level": 173}', qos=1)
                await asyncio.sleep(0.25)

    thread = threading.Thread(target=lambda: asyncio.run(devices()), daemon=True)
    thread.start()
    result = run(home, "mqtt", "check", "town", "--messages", "4", "--seconds", "15")
    assert result.exit_code == 0, result.output
    assert "/json/{key}/pump-7/attrs  (14 bytes, QoS 1)" in result.output
    assert '"value": 1.73' in result.output
    assert "its key is not known" in result.output
    assert key not in result.output
    stored = run(home, "mqtt", "troubles")
    assert "Everything that came could be used." in stored.output
    thread.join(timeout=15)


def test_what_is_wrong_is_said(home: Path, secured: Mosquitto) -> None:
    (home / "secrets" / "mqtt-town").write_text("guess")
    refused = run(home, "mqtt", "check", "town")
    assert "The broker cannot be used" in str(refused.exception)
    secured.stop()
    assert "The broker cannot be used" in str(run(home, "mqtt", "check", "town").exception)
    (home / "town.crt").write_text("no certificate")
    assert "certificate" in str(run(home, "mqtt", "check", "town").exception)
    assert "town" in str(run(home, "mqtt", "check", "other").exception)
    (home / "mqtt" / "town.toml").write_text("name = 1")
    assert "is not right" in str(run(home, "mqtt", "check", "town").exception)
    assert "is not right" in run(home, "mqtt", "list").output
    assert USER  # the user's name is no secret; the password stands in no output
    assert "guess" not in refused.output


def test_units_from_the_terminal(home: Path) -> None:
    assert "No unit" in run(home, "devices", "list").output
    at = f"{datetime.now(UTC) - timedelta(hours=1):%Y-%m-%dT%H:%M}Z"
    put = run(
        home, "devices", "move", "u1", "--to", "pond", "--name", "溜池", "--at", at,
        "--location", "34.3,134.05", "--alert-level", "1.5",
    )  # fmt: skip
    assert put.output.strip() == "u1 to urn:ngsi-ld:FloodMonitoring:pond"
    time.sleep(0.01)
    away = run(home, "devices", "move", "u1", "--away")
    assert away.output.strip() == "u1 from urn:ngsi-ld:FloodMonitoring:pond to nowhere"
    assert "No unit" in run(home, "devices", "list").output
    assert " to " in run(home, "devices", "list", "--all").output
    for words, said in (
        (("--to", "x", "--away"), "--to PLACE, or --away"),
        (("--to", "x", "--location", "0,0"), "outside Japan"),
        (("--away",), "there already"),
        (("--to", "x", "--tenant", "nowhere"), "--tenant"),
    ):
        assert said in str(run(home, "devices", "move", "u1", *words).exception)
