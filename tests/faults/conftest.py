"""Real processes, killed; what was counted goes to the terminal and to the file FAULT_COUNTS.

FAULT_ROUNDS: how often each process is killed (1). FAULT_SEED: of the moments chosen at random.
"""

import os
import random
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tamamo.kernel import embedded
from tests.conftest import _fresh_database
from tests.context.notifications.receiver import Receiver
from tests.faults.installation import Installation

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "1"))
SEED = int(os.environ.get("FAULT_SEED", "20261122"))

#: Seconds a body may take in the installation under attack.
BODY_SECONDS = 5.0

Counts = Callable[[str], None]


@pytest.fixture
def counts(request: pytest.FixtureRequest) -> Counts:
    """Tell what was counted."""

    def tell(line: str) -> None:
        print(f"{request.node.name}: {line}")
        if "FAULT_COUNTS" in os.environ:
            with Path(os.environ["FAULT_COUNTS"]).open("a", encoding="utf-8") as file:
                file.write(f"- {request.node.name}: {line}\n")

    return tell


@pytest.fixture
def chance() -> random.Random:
    return random.Random(SEED)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as opened:
        yield opened


@pytest.fixture(scope="module")  # not longer: an idle server takes its share of the cores
def installation(
    cluster_dsn: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """A server for all that is thrown at one, with some entities in it."""
    with _fresh_database(cluster_dsn) as dsn:
        home = tmp_path_factory.mktemp("attacked") / "home"
        server = Installation(home, dsn, TAMAMO_BODY_SECONDS=str(BODY_SECONDS))
        server.start()
        body = [
            {"id": f"urn:x:aab{n}", "type": "T", "a": property_of("a" * 1000 + "b")}
            for n in range(20)
        ]
        body += [
            {"id": f"urn:x:{n}", "type": "Large", "a": property_of("a" * 40_000)}
            for n in range(100)
        ]
        answer = httpx.post(f"{server.api}/entityOperations/create", json=body, timeout=30)
        assert answer.status_code == 201
        yield server
        server.stop()


def property_of(value: str) -> dict[str, str]:
    return {"type": "Property", "value": value}


@pytest.fixture
def embedded_server(tmp_path: Path) -> Iterator[Installation]:
    """An installation with its own PostgreSQL, as durable as in production."""
    server = Installation(tmp_path / "home")
    server.start()
    yield server
    server.stop()
    embedded.destroy(server.home)
