import os
import signal
import subprocess
import sys
import time

import httpx
import pytest

from tamamo.kernel.errors import SetupError
from tamamo.simulator.commands import find_recording
from tests.conftest import free_port


@pytest.fixture
def demo(tmp_path, database_url):
    """Start `tamamo demo` as a user would; yields (base URL, process), stops it with Ctrl-C."""
    started = []

    def start(*arguments):
        port = free_port()
        options = ["--open", "--port", port, "--home", tmp_path / "home", *arguments]
        process = subprocess.Popen(
            [sys.executable, "-m", "tamamo", "demo", *map(str, options)],
            env={**os.environ, "DATABASE_URL": database_url, "TAMAMO_LOG_LEVEL": "warning"},
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return f"http://127.0.0.1:{port}", process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait()


def wait_for(base, kind, enough, seconds=60):
    end = time.monotonic() + seconds
    found = []
    while time.monotonic() < end:
        try:
            answer = httpx.get(
                f"{base}/ngsi-ld/v1/entities",
                params={"type": kind, "options": "simplified", "limit": 1000},
            )
            found = answer.json() if answer.status_code == 200 else []
            if enough(found):
                return found
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise AssertionError(f"not enough {kind} within {seconds} s: {found}")


def stop(process):
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Traceback" not in told
    return told


def test_the_demo_lives_and_stops(demo):
    base, process = demo()
    gauges = wait_for(base, "FloodMonitoring", lambda found: len(found) >= 16)
    assert all(g["simulated"] and g["name"].endswith("（模擬）") for g in gauges)
    (control,) = wait_for(base, "Simulation", lambda found: len(found) == 1)
    assert control["storm"]["startedAt"] is None
    told = stop(process)
    assert "模擬データの街" in told
    assert f"curl '{base}/ngsi-ld/v1/entities?type=FloodMonitoring" in told


def test_the_demo_with_recorded_data_replays_it_on_its_own_clock(demo, shared_data):
    base, process = demo("--data", shared_data)
    (play,) = wait_for(base, "Replay", lambda found: found and found[0]["state"] == "playing")
    assert play["clock"] >= "2026-06-25T19:00:00Z"
    assert play["dataProvider"] == "国土交通省 川の水位情報"
    gauges = wait_for(base, "FloodMonitoring", lambda found: len(found) >= 80)
    assert not any("simulated" in gauge for gauge in gauges)
    assert httpx.get(f"{base}/ngsi-ld/v1/entities", params={"type": "Simulation"}).json() == []
    assert "出典：国土交通省" in stop(process)


def test_data_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(SetupError, match="There is no recording"):
        find_recording(tmp_path)
