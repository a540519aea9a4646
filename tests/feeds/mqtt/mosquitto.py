"""A real mosquitto on a loopback port, and devices that publish to it."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
import pytest

from tests.conftest import free_port

MOSQUITTO = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
USER, PASSWORD = "town", "p@ss"


class Mosquitto:
    """A broker that wants a password and keeps its sessions over a restart."""

    def __init__(self, folder: Path, more: str = "") -> None:
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        store = folder / "store"
        store.mkdir()
        passwords = folder / "passwords"
        tool = shutil.which("mosquitto_passwd") or "mosquitto_passwd"
        subprocess.run([tool, "-c", "-b", str(passwords), USER, PASSWORD], check=True)
        passwords.chmod(0o644)
        # As root mosquitto would become a user who cannot enter pytest's folders.
        user = "user root\n" if os.geteuid() == 0 else ""
        self._config.write_text(
            f"{user}listener {self.port} 127.0.0.1\nallow_anonymous false\n"
            f"password_file {passwords}\npersistence true\npersistence_location {store}/\n"
            f"max_queued_messages 100000\nmax_inflight_messages 20\n{more}"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [MOSQUITTO, "-c", str(self._config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        pytest.fail("mosquitto did not start")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=20)
            self._process = None

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def publisher(
        self, version: aiomqtt.ProtocolVersion = aiomqtt.ProtocolVersion.V5
    ) -> AsyncIterator[aiomqtt.Client]:
        async with aiomqtt.Client(
            "127.0.0.1", self.port, username=USER, password=PASSWORD, protocol=version
        ) as client:
            yield client
