from datetime import datetime

import pytest
from click.testing import CliRunner

from tamamo.context.broker import open_broker
from tamamo.feeds.jma import commands
from tamamo.feeds.jma.areas import areas_of
from tamamo.feeds.jma.replay import Progress, replay_rain, replay_telegrams, telegrams
from tamamo.feeds.quality import UnreadableFile
from tamamo.feeds.readers.amedas import Rain, recording
from tamamo.feeds.rejects import Reject, RejectsFile
from tamamo.kernel import time
from tests.feeds.jma.telegrams import LEVEL_2, LEVEL_3, TAKAMATSU, telegram, warning

DECEMBER = datetime(2023, 12, 1, tzinfo=time.JST)
YEAR_END = datetime(2024, 1, 1, tzinfo=time.JST)


def write(folder):
    folder.mkdir()
    for name, minute, kind in (("b.xml", 0, LEVEL_2), ("a.xml", 10, LEVEL_3)):
        said = warning((TAKAMATSU, kind, "発表"))
        at, sent = f"2026-07-01T10:{minute:02}:00+09:00", f"2026-07-01T01:{minute:02}:20Z"
        (folder / name).write_bytes(telegram(said, at=at, sent=sent))
    (folder / "broken.xml").write_bytes(b"<Report>")
    (folder / "forecast.xml").write_bytes(telegram(title="府県天気予報"))
    return folder


def test_telegrams_come_in_the_order_of_their_reports(tmp_path):
    refused, *found = telegrams(write(tmp_path / "xml"))
    assert isinstance(refused, Reject) and refused.original == ["broken.xml"]
    names = [name for name, _, _ in found]
    assert set(names[:2]) == {"b.xml", "forecast.xml"} and names[2:] == ["a.xml"]
    with pytest.raises(UnreadableFile, match="no such folder"):
        list(telegrams(tmp_path / "none"))


async def test_a_directory_twice_is_the_same_as_once(tmp_path, settings):
    folder = write(tmp_path / "xml")

    async def replay(broker):
        progress = Progress()
        with RejectsFile(tmp_path, folder, time.now()) as rejects:
            await replay_telegrams(
                broker,
                folder,
                "default",
                areas=areas_of("372013"),
                rejects=rejects,
                progress=progress,
            )
        return progress

    async with open_broker(settings) as broker:
        first, second = await replay(broker), await replay(broker)
        assert (first.read, first.used, first.rejected) == (4, 2, 1)
        assert first.recorded.stored > 0
        assert (second.used, second.recorded.stored) == (0, 0)
        terms = await broker.contexts.resolve("default", None)
        kind, status = terms.expand_type("WeatherAlert"), terms.expand_term("status")
        found = await broker.temporal.state_at("default", kind, time.now())
        assert {e.id[-2:]: e.attrs[status][0]["value"] for e in found} == {
            "10": "lifted", "03": "issued"
        }  # fmt: skip


async def test_the_rain_of_kagawa_is_all_there(shared_data, tmp_path, settings):
    file = shared_data / "weather" / "amedas_kagawa_precipitation1h_hourly.csv"
    async with open_broker(settings) as broker:
        progress = Progress()
        with RejectsFile(tmp_path, file, time.now()) as rejects:
            await replay_rain(
                broker,
                file,
                "default",
                rejects=rejects,
                progress=progress,
                start=DECEMBER,
                end=YEAR_END,
            )
        assert progress.read == 26_676
        rain = [item for item in recording(file) if isinstance(item, Rain)]
        month = {(r.station.number, r.at) for r in rain if DECEMBER <= r.at < YEAR_END}
        assert progress.recorded.stored == len(month) > 900


def test_the_verbs_are_there():
    for verb in ("river", "jma", "amedas"):
        answer = CliRunner().invoke(commands.replay, [verb, "--help"])
        assert answer.exit_code == 0 and "Safe to run twice" in answer.output
