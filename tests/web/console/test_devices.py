"""Late, silent, missing, invalid and refused devices are told apart, each with what to do."""

from datetime import datetime, timedelta

from tamamo.kernel import time
from tamamo.kernel.identity.devices import Key, Registered
from tamamo.kernel.identity.refusals import Refused
from tamamo.web.console.devices import State, _keyed, _station, label, next_step
from tamamo.web.portal import city
from tests.web.city_data import MemorySource, gauge

NOW = time.now()


def _ago(**time_: float) -> datetime:
    return NOW - timedelta(**time_)


async def test_stations_by_what_they_last_said() -> None:
    source = MemorySource(
        [
            gauge("1", "normal", 0.5, _ago(minutes=5)),
            gauge("2", "late", 0.5, _ago(hours=5)),
            gauge("3", "silent", 0.5, _ago(days=2)),
            gauge("4", "invalid", "high", _ago(minutes=5)),
            gauge("5", "invalid", 0.5, NOW + timedelta(hours=2)),
            gauge("6", "never", None, None),
            gauge("7", "missing", 0.5, _ago(minutes=25), missing_at=_ago(minutes=5)),
        ]
    )
    shown = await city.at_moment(source)
    rows = [_station("default", one, shown.as_of) for one in shown.gauges]
    assert len(rows) == 7
    assert {(row.name, row.state.value) for row in rows} == {
        (one, one) for one in ("normal", "late", "silent", "invalid", "never", "missing")
    }
    assert all(row.why or row.state in (State.NORMAL, State.NEVER) for row in rows)
    silent = next(row for row in rows if row.state is State.SILENT)
    assert silent.seen_at == _ago(days=2)


def _device(used: datetime | None, *, revoked: bool = False) -> Registered:
    key = Key("abcd", _ago(days=30), None, used)
    return Registered(
        "00000000-0000-4000-8000-000000000001", "d", "https://x.jp/T", None, _ago(days=30),
        "user:1", None, _ago(days=1) if revoked else None, used, () if revoked else (key,),
    )  # fmt: skip


def test_devices_with_a_key_by_how_it_was_used() -> None:
    def state(device: Registered, refused: Refused | None = None) -> State:
        row = _keyed("default", device, NOW, refused)
        assert row.seen_at == device.last_used_at
        return row.state

    assert state(_device(_ago(minutes=1))) is State.NORMAL
    assert state(_device(_ago(days=2))) is State.SILENT
    assert state(_device(None)) is State.NEVER
    assert state(_device(_ago(days=2), revoked=True)) is State.UNAUTHORISED
    wrong = Refused("d", "wrong_topic", 3, _ago(hours=1), _ago(minutes=2))
    assert state(_device(_ago(days=2)), wrong) is State.UNAUTHORISED
    # What was refused before the key was last good says nothing any more.
    assert state(_device(_ago(minutes=1)), wrong) is State.NORMAL


def test_every_state_has_a_word_and_every_bad_one_says_what_to_do() -> None:
    assert len({str(label(state)) for state in State}) == len(State)
    assert {state for state in State if not next_step(state)} == {State.NORMAL}
