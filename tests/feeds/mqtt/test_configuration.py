import re
import textwrap
from pathlib import Path

import pytest

from tamamo.feeds.mqtt import configuration, payloads
from tamamo.feeds.mqtt.topics import Pattern
from tamamo.feeds.mqtt.translate import Moment, Route, translate
from tamamo.feeds.readers.river import Terms
from tamamo.kernel.errors import SetupError
from tests.conftest import ROOT
from tests.feeds.mqtt.conftest import LEVEL, NOW, TEXT


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('url = "mqtt://127.0.0.1:1883"', 'url = "http://x"', "mqtt://host"),
        ('url = "mqtt://127.0.0.1:1883"', 'url = "mqtt://u:secret@x"', "holds no user"),
        ('user = "town"', 'user = "town"\nwindow = 0', "window"),
        ('watch = ["/json/#"]', 'watch = ["a/#/b"]', "level"),
        ("{key}/{device}", "{key}/{name}", "{device}"),
        ('id = "levels"', 'id = "Levels"', "small letters"),
        ('id = "rain"', 'id = "levels"', "same id"),
        ('topic = "/json/{key}/', 'topic = "/json/', "belong together"),
        (":{device}", ":{station}", "{station}"),
        ('key = "property"', 'key = "payload"', "JSON"),
        ("interval = 10", 'zone = "Asia/Nowhere"', "zone"),
        ("interval = 10", "intervall = 10", "intervall"),
        ("minimum = -10", 'minimum = "low"', "minimum"),
    ],
)
def test_what_is_not_right_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = tmp_path / "town.toml"
    assert old in TEXT
    path.write_text(TEXT.replace(old, new), "utf-8")
    with pytest.raises(SetupError, match=r"town\.toml is not right") as refused:
        configuration.load(path)
    assert said in str(refused.value)
    assert "secret" not in str(refused.value)


def test_the_name_is_the_files(tmp_path: Path) -> None:
    (tmp_path / "mqtt").mkdir()
    (tmp_path / "mqtt" / "town.toml").write_text(TEXT, "utf-8")
    ((name, path),) = configuration.files(tmp_path).items()
    assert configuration.load(path).id == name == "town"
    bad = tmp_path / "mqtt" / "Our Town.toml"
    bad.write_text(TEXT, "utf-8")
    with pytest.raises(SetupError, match="small letters"):
        configuration.load(bad)


def test_the_example_of_the_documents_is_right(tmp_path: Path, terms: Terms) -> None:
    page = (ROOT / "docs" / "howto" / "connect-a-device.md").read_text("utf-8")
    (text,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "town.toml").write_text(textwrap.dedent(text), "utf-8")
    said = configuration.load(tmp_path / "town.toml")
    mapping = said.mappings[0]
    ((topic, payload),) = re.findall(r"^ *(/json/tmk_…/\S+) +(\{.*\})$", page, re.MULTILINE)
    route = Route(mapping, Pattern(mapping.topic), terms, said.declaration_of(mapping))
    names = route.pattern.match(topic)
    assert names is not None
    groups = payloads.read(payload.encode(), mapping.format)
    result = translate(route, names, groups, Moment(NOW, NOW))
    assert result.entities[0].attrs[LEVEL][0]["value"] == 1.73
    assert not result.rejects
    (command,) = re.findall(r"tamamo key create \S+ \S+ --topic '(\S+)'", page)
    assert route.pattern.shown(names) == command


@pytest.mark.parametrize("name", ["../api-key", "/etc/passwd", "", "missing"])
def test_a_secret_is_a_file_of_the_secrets(tmp_path: Path, name: str) -> None:
    (tmp_path / "secrets").mkdir()
    with pytest.raises(SetupError):
        configuration.secret(tmp_path, name)
