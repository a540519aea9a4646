"""Real processes, killed; what was counted goes to the terminal and to the file FAULT_COUNTS.

FAULT_ROUNDS: how often each process is killed (1). FAULT_SEED: of the moments chosen at random.
"""

import os
import random
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from tamamo.kernel import embedded
from tests.context.notifications.receiver import Receiver
from tests.faults.installation import Installation

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "1"))
SEED = int(os.environ.get("FAULT_SEED", "20261122"))

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


@pytest.fixture
def embedded_server(tmp_path: Path) -> Iterator[Installation]:
    """An installation with its own PostgreSQL, as durable as in production."""
    server = Installation(tmp_path / "home")
    server.start()
    yield server
    server.stop()
    embedded.destroy(server.home)
