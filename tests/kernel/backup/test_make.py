"""What is in a backup, and that a broken one is never taken for a whole one."""

import shutil
import tarfile
from pathlib import Path

import psycopg
import pytest

from tamamo.kernel.audit import heads
from tamamo.kernel.backup import manifest
from tamamo.kernel.backup.make import make
from tamamo.kernel.backup.prove import check
from tamamo.kernel.errors import SetupError
from tamamo.kernel.settings import Settings


def test_it_holds_the_database_the_files_and_what_they_count(
    installation: Settings, tmp_path: Path
) -> None:
    told: list[float] = []
    file = tmp_path / "b" / "a.tar"
    made = make(installation, file, progress=lambda share, _: told.append(share))
    said = manifest.read(file)
    assert said == made.manifest
    assert said.tenants["ayagawa"] == manifest.Tenant({"Gauge": 3}, 0, 0)
    assert said.tenants["default"] == manifest.Tenant({"Gauge": 7}, 73, 5)
    assert said.tables["entity"].rows == 10
    assert said.tables["attribute_history"].rows == 73
    assert "entity_map" not in said.tables and "audit_pending" not in said.tables
    assert [(one.tenant, one.seq) for one in said.heads] == [("default", 5)]
    names = {"rejects/2026-水位.csv", "basemap/a/b.json", "rejects/" + "長" * 60 + ".csv"}
    assert set(said.files) == names
    assert not said.secrets
    assert manifest.verify_parts(file, said) == []
    assert file.stat().st_mode & 0o077 == 0
    with file.open("rb") as content:
        assert manifest.digest(content) == made.sha256
    assert told == sorted(told) and told[-1] == 1.0
    assert [path.name for path in file.parent.iterdir()] == ["a.tar"]


def test_secrets_only_when_asked_for(installation: Settings, tmp_path: Path) -> None:
    made = make(installation, tmp_path / "a.tar", secrets=True)
    assert made.manifest.secrets
    assert {"secrets/api-key", "oidc.toml"} <= set(made.manifest.files)


def test_its_heads_are_noted_in_the_home(installation: Settings, tmp_path: Path) -> None:
    make(installation, tmp_path / "a.tar")
    [head] = heads.read(heads.path(installation.home))
    assert (head.tenant, head.seq) == ("default", 5)


def test_all_tables_show_one_moment(installation: Settings, tmp_path: Path) -> None:
    """What is committed while it is being made is not in it, in no table and in no count."""
    seen: list[str] = []

    def write_meanwhile(_: float, text: str) -> None:
        seen.append(text)
        assert installation.database_url is not None
        with psycopg.connect(installation.database_url) as connection:
            connection.execute("insert into tenant (name) values (%s)", [f"late{len(seen)}"])

    file = tmp_path / "a.tar"
    make(installation, file, progress=write_meanwhile)
    assert len(seen) > 10
    assert check(file).faults == []
    assert manifest.read(file).tables["tenant"].rows == 2


def test_nothing_is_ever_overwritten(installation: Settings, tmp_path: Path) -> None:
    file = tmp_path / "a.tar"
    file.write_text("precious")
    with pytest.raises(SetupError, match="never overwritten"):
        make(installation, file)
    assert file.read_text() == "precious"


def test_one_that_is_cut_short_leaves_nothing(installation: Settings, tmp_path: Path) -> None:
    def fail(share: float, _: str) -> None:
        if share > 0.3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(installation, tmp_path / "b" / "a.tar", progress=fail)
    assert list((tmp_path / "b").iterdir()) == []


def test_a_database_that_is_away_is_one_sentence(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, database_url="host=127.0.0.1 port=1 dbname=x user=x")
    with pytest.raises(SetupError, match="could not be read"):
        make(settings, tmp_path / "a.tar")
    assert not (tmp_path / "a.tar").exists()


@pytest.fixture
def whole(installation: Settings, tmp_path: Path) -> Path:
    return make(installation, tmp_path / "a.tar").file


def test_a_whole_one_is_proved(whole: Path) -> None:
    proof = check(whole)
    assert (proof.faults, proof.audit_faults, proof.events) == ([], [], 5)


def test_half_a_backup_is_named_so(whole: Path) -> None:
    size = whole.stat().st_size
    for share in (0.9, 0.5, 0.1):
        with whole.open("r+b") as file:
            file.truncate(int(size * share))
        with pytest.raises(SetupError, match=r"not a whole backup|is not a backup"):
            check(whole)


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04", bytes(10_240)])
def test_another_file_is_named_so(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.tar"
    file.write_bytes(content)
    with pytest.raises(SetupError, match=r"not a whole backup|is not a backup"):
        check(file)


def test_a_single_wrong_byte_is_found(whole: Path) -> None:
    with tarfile.open(whole, "r:") as archive:
        place = archive.getmember(manifest.DUMP).offset_data + 5000
    with whole.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)
        file.seek(place)
        file.write(bytes([byte[0] ^ 1]))
    assert check(whole).faults == ["database.dump is not what was written"]


def test_a_dump_of_other_data_is_found(installation: Settings, whole: Path, tmp_path: Path) -> None:
    """The parts fit their checksums, but the manifest tells of other rows."""
    assert installation.database_url is not None
    with psycopg.connect(installation.database_url) as connection:
        connection.execute("delete from entity where tenant = 'ayagawa' and id = 'urn:x:1'")
        connection.execute("update tenant set created_at = now() where name = 'default'")
    other = manifest.read(make(installation, tmp_path / "b.tar").file)
    said = manifest.read(whole)
    forged = tmp_path / "c.tar"
    _with_manifest(whole, forged, {"tables": other.tables, "tenants": other.tenants}, said)
    proof = check(forged)
    assert "table entity has 10 rows instead of 9" in proof.faults
    assert "table tenant has the same number of rows, but not the same content" in proof.faults


def _with_manifest(
    whole: Path, forged: Path, changed: dict[str, object], said: manifest.Manifest
) -> None:
    import io

    import msgspec

    with tarfile.open(whole, "r:") as old, tarfile.open(forged, "w") as new:
        for member in old:
            content = old.extractfile(member)
            assert content is not None
            if member.name == manifest.MANIFEST:
                told = msgspec.json.encode(msgspec.structs.replace(said, **changed))
                member.size, content = len(told), io.BytesIO(told)
            new.addfile(member, content)


def test_a_touched_audit_log_is_told_by_the_check(installation: Settings, tmp_path: Path) -> None:
    assert installation.database_url is not None
    with psycopg.connect(installation.database_url) as connection:
        connection.execute("alter table audit_event disable trigger user")
        connection.execute("update audit_event set actor = 'user:2' where seq = 3")
    proof = check(make(installation, tmp_path / "a.tar").file)
    assert proof.faults == []
    assert [text for text in proof.audit_faults if "event 3: changed" in text]


def test_its_scratch_server_is_gone_afterwards(whole: Path, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    check(whole, scratch)
    assert list(scratch.iterdir()) == []
    shutil.rmtree(scratch)
