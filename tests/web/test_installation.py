"""What an installation holds for the web: its signing key, added borders, built files."""

import gzip
import json
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner
from django.conf import settings
from django.test import AsyncClient

from tamamo.kernel.errors import SetupError
from tamamo.web.commands import basemap as basemap_command
from tamamo.web.messages import compile_catalogues
from tamamo.web.portal import basemap
from tamamo.web.signing import signing_key
from tests.web.city_data import MemorySource

KIB = 1024


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    first = signing_key(tmp_path)
    assert signing_key(tmp_path) == first
    assert len(first) >= 40
    file = tmp_path / "secrets" / "django-key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["django-key"]


def test_a_home_that_cannot_be_written_still_gives_a_key(tmp_path: Path) -> None:
    (tmp_path / "secrets").write_text("a file is in the way")
    assert len(signing_key(tmp_path)) >= 40


def test_catalogues_are_compiled_when_they_are_newer(tmp_path: Path) -> None:
    folder = tmp_path / "part" / "locale" / "ja" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_text('msgid "a"\nmsgstr "あ"\n', encoding="utf-8")
    compile_catalogues(tmp_path)
    compiled = folder / "django.mo"
    assert "あ".encode() in compiled.read_bytes()
    before = compiled.stat().st_mtime_ns
    compile_catalogues(tmp_path)
    assert compiled.stat().st_mtime_ns == before


def test_borders_of_the_operator_are_kept_with_their_credit(
    tmp_path: Path, shared_data: Path
) -> None:
    file = shared_data / "geo" / "N03-21_37_kagawa_s0010.geojson"
    arguments = ["add", str(file), "--credit", "国土数値情報", "--home", str(tmp_path)]
    result = CliRunner().invoke(basemap_command, arguments)
    assert result.exit_code == 0, result.output
    assert [(b.name, b.credit) for b in basemap.added(tmp_path)] == [
        ("N03-21_37_kagawa_s0010", "国土数値情報")
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "not GeoJSON"),
        ("{}", "not a GeoJSON FeatureCollection"),
        ('{"features": []}', "not a GeoJSON FeatureCollection"),
        ('{"features": [{"geometry": {"type": "Point"}}]}', "feature 1 is Point"),
        ('{"features": [{"geometry": null}]}', "feature 1 is None"),
    ],
)
def test_a_file_that_is_no_border_is_refused_and_not_kept(
    tmp_path: Path, content: str, reason: str
) -> None:
    file = tmp_path / "x.geojson"
    file.write_text(content)
    with pytest.raises(SetupError, match=reason):
        basemap.add(tmp_path / "home", file, "")
    assert basemap.added(tmp_path / "home") == []
    with pytest.raises(SetupError, match="cannot be read"):
        basemap.add(tmp_path / "home", tmp_path / "absent", "")


async def test_added_borders_are_served_with_their_credit(
    client: AsyncClient, source: MemorySource, tmp_path: Path
) -> None:
    file = tmp_path / "town.geojson"
    file.write_text('{"type":"FeatureCollection","features":[{"geometry":{"type":"Polygon"}}]}')
    kept = basemap.add(settings.INSTALLATION.home, file, "高松市")
    try:
        listed = json.loads((await client.get("/basemap/")).content)
        assert listed == {"borders": [{"url": "/basemap/town.geojson", "credit": "高松市"}]}
        assert (await client.get("/basemap/town.geojson")).content == file.read_bytes()
        assert (await client.get("/basemap/..%2Fsecrets.geojson")).status_code == 404
    finally:
        kept.path.unlink()


def _packed(name: str) -> int:
    manifest = json.loads((settings.ASSET_ROOT / "manifest.json").read_text())
    return len(gzip.compress((settings.ASSET_ROOT / manifest[name]).read_bytes(), 9))


def test_the_base_map_is_small() -> None:
    names = ("land.geojson", "rivers.geojson", "places.geojson")
    folder = Path(__file__).resolve().parents[2] / "tamamo" / "web" / "frontend" / "map"
    sizes = [len(gzip.compress((folder / name).read_bytes(), 9)) for name in names]
    assert sum(sizes) < 40 * KIB


@pytest.mark.skipif(not settings.ASSET_ROOT.is_dir(), reason="the front end is not built")
def test_the_shell_is_small() -> None:
    assert _packed("site.css") < 10 * KIB
    assert _packed("portal.js") < 10 * KIB
    assert all(
        (settings.ASSET_ROOT / f"{p.name}.gz").exists() for p in settings.ASSET_ROOT.glob("*.js")
    )
