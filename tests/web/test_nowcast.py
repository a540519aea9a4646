"""What the page is told of the rain's pictures."""

from datetime import UTC, datetime, timedelta

from django.utils.translation import override

from tamamo.feeds.jma.nowcast_store import Stored
from tamamo.feeds.readers.nowcast import Frame
from tamamo.web.portal.nowcast.views import _told

NOW = datetime(2026, 7, 1, 1, tzinfo=UTC)
FIVE = timedelta(minutes=5)


def told(now: datetime, *, simulated: bool = False, language: str = "en") -> dict[str, object]:
    """What is told of three pictures, the middle one the newest observed."""
    frames = [Frame(NOW - FIVE, NOW - FIVE), Frame(NOW, NOW), Frame(NOW + FIVE, NOW)]
    with override(language):
        return _told([Stored(f, NOW) for f in frames], 8, now, simulated=simulated)


def labels(said: dict[str, object]) -> list[str]:
    frames = said["frames"]
    assert isinstance(frames, list)
    return [frame["label"] for frame in frames]


def test_observed_and_forecast_have_their_words() -> None:
    said = told(NOW)
    assert (said["state"], said["text"], said["refresh"]) == ("current", "", 300)
    assert labels(said) == [
        "1 Jul, 09:55 JST, observed", "1 Jul, 10:00 JST, observed",
        "1 Jul, 10:05 JST, forecast (5 minutes ahead)",
    ]  # fmt: skip
    assert labels(told(NOW, language="ja"))[2] == "7月1日 10:05（5分後の予測）"


def test_old_pictures_say_so_and_none_too() -> None:
    said = told(NOW + timedelta(minutes=21))
    assert said["state"] == "old"
    assert said["text"] == "Updates have stopped: this is the rain as of 1 Jul, 10:00 JST."
    with override("en"):
        none = _told([], None, NOW, simulated=False)
    assert (none["state"], none["frames"]) == ("none", [])


def test_simulated_pictures_are_not_called_observed_nor_the_agencys() -> None:
    said = told(NOW, simulated=True)
    assert labels(said)[0] == "1 Jul, 09:55 JST, simulated"
    assert "not observations" in str(said["text"])
    assert "Meteorological" not in str(said["credit"])
