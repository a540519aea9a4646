import csv
import os
import signal
import subprocess
import sys
import time

import httpx
import psycopg
import pytest

MAPPING = """
id = "thing"
name = { ja = "もの", en = "Things" }
type = "Thing"
entity_id = "urn:ngsi-ld:Thing:{no}"
[[attributes]]
name = "size"
column = "size"
convert = "number"
required = true
"""


@pytest.fixture
def tamamo(tmp_path, database_url):
    """Run a verb as a user would; returns (exit code, stdout, stderr)."""

    def run(*arguments):
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "tamamo",
                *map(str, arguments),
                "--home",
                str(tmp_path / "home"),
            ],
            env={**os.environ, "DATABASE_URL": database_url, "TAMAMO_LOG_LEVEL": "warning"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.fixture
def rows(database_url):
    def count(tenant="default"):
        with psycopg.connect(database_url) as connection:
            found = connection.execute(
                "select count(*) from entity where tenant = %s", [tenant]
            ).fetchone()
            return found[0]

    return count


@pytest.fixture
def things(tmp_path):
    def write(text, mapping=MAPPING):
        (tmp_path / "m.toml").write_text(mapping, "utf-8")
        (tmp_path / "things.csv").write_text(text, "utf-8")
        return tmp_path / "things.csv", "--mapping", tmp_path / "m.toml"

    return write


def test_shelters_are_imported_and_a_second_time_nothing_changes(tamamo, rows, opendata):
    arguments = (
        "import",
        opendata / "0060_evacuation_space.xlsx",
        "--mapping",
        "evacuation_shelter",
    )
    code, out, _ = tamamo(*arguments)
    assert code == 0
    assert out.startswith("195 entities imported (195 new), ")
    assert rows() == 195
    code, out, _ = tamamo(*arguments)
    assert (code, out) == (0, "195 entities imported (0 new), 0 attributes written, 0 rejected\n")


def test_a_dry_run_shows_and_writes_nothing(tamamo, rows, opendata):
    path = opendata / "awkward/0002_cp932_history.csv"
    code, out, _ = tamamo("import", path, "--mapping", "aed_2020", "--dry-run")
    assert code == 0
    assert '"name": "健康増進施設サラマンダー"' in out
    assert "Dry run, nothing written: 514 entities, 0 rejected" in out
    assert rows() == 0


def test_a_rejected_row_is_told_and_the_others_are_in(tamamo, rows, things, tmp_path):
    code, out, err = tamamo("import", *things("no,size\n1,10\n2,abc\n3\n4,***\n5,２０\n"))
    assert code == 3
    assert out.startswith("2 entities imported (2 new)")
    assert "things.csv: row 3, size: 'abc' is not a number / 数として読めません" in err
    (kept,) = (tmp_path / "home" / "rejects").iterdir()
    assert str(kept) in err
    with kept.open(encoding="utf-8-sig") as file:
        found = [(r["row"], r["field"], r["code"]) for r in csv.DictReader(file)]
    assert found == [
        ("3", "size", "not_a_number"),
        ("4", "size", "too_few_columns"),
        ("5", "size", "required"),
    ]
    assert rows() == 2


def test_all_or_nothing_writes_nothing(tamamo, rows, things):
    code, _, err = tamamo("import", *things("no,size\n1,10\n2,abc\n"), "--all-or-nothing")
    assert code == 1
    assert "nothing was written, because rows were rejected: 1" in err
    assert rows() == 0
    code, _, _ = tamamo("import", *things("no,size\n1,10\n2,20\n"), "--all-or-nothing")
    assert code == 0
    assert rows() == 2


def test_an_unknown_tenant_is_told_and_can_be_made(tamamo, rows, things):
    file = things("no,size\n1,10\n")
    code, _, err = tamamo("import", *file, "--tenant", "ayagawa")
    assert code == 1
    assert "--tenant: There is no tenant 'ayagawa'. The tenants are: default." in err
    code, _, _ = tamamo("import", *file, "--tenant", "ayagawa", "--create-tenant")
    assert code == 0
    assert (rows("ayagawa"), rows()) == (1, 0)


@pytest.mark.parametrize(
    ("name", "mapping", "told"),
    [
        (
            "awkward/root_0097_zero_bytes.xlsx",
            "facility",
            "zero_bytes.xlsx: the file has zero bytes",
        ),
        ("0074.xlsx", "facility", "0074.xlsx: row 1, field 'latitude', the column"),
        ("gone.xlsx", "facility", "gone.xlsx: No such file"),
        ("0074.xlsx", "shelterz", "those that ship: aed,"),
    ],
)
def test_what_cannot_be_imported_is_one_clear_sentence(tamamo, rows, opendata, name, mapping, told):
    code, _, err = tamamo("import", opendata / name, "--mapping", mapping)
    assert code == 1
    assert told in err
    assert rows() == 0


def test_the_feeds_are_listed_with_their_counts(tamamo, things):
    assert tamamo("feeds")[1] == "No feed has run yet.\n"
    tamamo("import", *things("no,size\n1,10\n2,abc\n"))
    code, out, _ = tamamo("feeds")
    assert code == 0
    assert "default/import-thing  もの / Things" in out
    assert "1 runs, 0 stored, 0 repeats, 0 late, 1 rejected" in out
    assert '"state": "ok"' in tamamo("feeds", "--json")[1]


def test_ctrl_c_says_that_what_was_written_is_kept(tmp_path, database_url, things, rows):
    count = 40_000
    file, *mapping = things("no,size\n" + "".join(f"{n},{n}\n" for n in range(count)))
    arguments = map(str, ("import", file, *mapping, "--home", tmp_path / "home"))
    process = subprocess.Popen(
        [sys.executable, "-m", "tamamo", *arguments],
        env={**os.environ, "DATABASE_URL": database_url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    limit = time.monotonic() + 60
    while not rows() and time.monotonic() < limit:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=20)
    assert process.returncode == 130, told
    assert "what was written is kept" in told
    assert "Traceback" not in told
    assert 0 < rows() < count
    assert rows() % 1000 == 0  # no batch is half written


def test_a_replay_and_an_import_work_beside_a_running_server(tmp_path, river_file, opendata):
    from tamamo.kernel import embedded
    from tests.conftest import running_server

    home = tmp_path / "home"
    try:
        with running_server(home, "--open") as base:
            for arguments in (
                ("replay", "river", river_file),
                ("import", opendata / "0002_aed_location.xlsx", "--mapping", "aed"),
            ):
                subprocess.run(
                    [sys.executable, "-m", "tamamo", *map(str, arguments), "--home", str(home)],
                    check=True,
                    timeout=60,
                    stdout=subprocess.DEVNULL,
                )
            counts = {}
            for kind in ("FloodMonitoring", "AED"):
                answer = httpx.get(
                    f"{base}/ngsi-ld/v1/entities",
                    params={"type": kind, "count": "true", "limit": 0},
                )
                counts[kind] = answer.headers["NGSILD-Results-Count"]
            assert counts == {"FloodMonitoring": "89", "AED": "450"}
    finally:
        embedded.destroy(home)
