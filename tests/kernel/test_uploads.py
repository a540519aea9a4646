"""What people send: known by content, bounded, harmless, under a clean name."""

import io
import zipfile

import openpyxl
import pytest

from tamamo.kernel.home import MEBIBYTE
from tamamo.kernel.uploads import (
    DOCUMENT,
    GEOJSON,
    IMAGE,
    LARGEST_UNPACKED,
    MAX_NAME,
    TABLE,
    Kind,
    Upload,
    UploadRefused,
    clean_name,
    inspect,
)

#: A part of a workbook; as what, follows.
_PART = b"<Override PartName='/xl/workbook.xml' ContentType='application/vnd.ms-excel.sheet."


def workbook(*extra: tuple[str, bytes], types: bytes = b"") -> bytes:
    """A real workbook with further parts put in."""
    book = openpyxl.Workbook()
    book.active.append(["名称", "=1+1"])
    file = io.BytesIO()
    book.save(file)
    made = io.BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            content = old.read(part)
            if part.filename == "[Content_Types].xml":
                content += types
            new.writestr(part.filename, content)
        for name, content in extra:
            new.writestr(name, content)
    return made.getvalue()


def taken(content: bytes, name: str, kind: Kind) -> Upload:
    return inspect(io.BytesIO(content), name, kind)


PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
JPEG = b"\xff\xd8\xff\xe0" + bytes(20)


@pytest.mark.parametrize(
    ("content", "name", "kind", "format_", "kept"),
    [
        ("名称,水位\n".encode(), "水位.csv", TABLE, "csv", "水位.csv"),
        ("名称,水位\n".encode("cp932"), "水位.txt", TABLE, "csv", "水位.txt"),
        ("名称\t水位\n".encode("utf-16"), "水位.csv", TABLE, "csv", "水位.csv"),
        (workbook(), "aed.csv", TABLE, "xlsx", "aed.xlsx"),
        (workbook(), "aed", TABLE, "xlsx", "aed.xlsx"),
        (workbook(), "2026.04", TABLE, "xlsx", "2026.04.xlsx"),
        (b'{"type":"FeatureCollection"}', "a.geojson", GEOJSON, "json", "a.geojson"),
        (JPEG, "photo.png", IMAGE, "jpeg", "photo.jpg"),
        (PNG, "photo.PNG", IMAGE, "png", "photo.PNG"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "x.exe", IMAGE, "webp", "x.webp"),
        (b"%PDF-1.7\n", "letter.pdf", DOCUMENT, "pdf", "letter.pdf"),
    ],
)
def test_the_content_says_what_a_file_is(
    content: bytes, name: str, kind: Kind, format_: str, kept: str
) -> None:
    file = io.BytesIO(content)
    found = inspect(file, name, kind)
    assert (found.format, found.name, found.size) == (format_, kept, len(content))
    assert file.read() == content


@pytest.mark.parametrize(
    ("content", "kind", "status", "code", "said"),
    [
        (b"", TABLE, 422, "empty", "empty"),
        (b"MZ\x90\0", TABLE, 415, "wrong_kind", "a program"),
        (b"#!/bin/sh\nrm -rf /\n", TABLE, 415, "wrong_kind", "a program"),
        (b"\xd0\xcf\x11\xe0 old", TABLE, 415, "wrong_kind", "old .xls"),
        (b"<!DOCTYPE html><script>", TABLE, 415, "wrong_kind", "web page"),
        (b" \n<svg onload=alert(1)>", IMAGE, 415, "wrong_kind", "web page"),
        (b"a,b\n1,\0\n", TABLE, 415, "wrong_kind", "no known kind"),
        (b"GIF89a", IMAGE, 415, "wrong_kind", "GIF"),
        (PNG, TABLE, 415, "wrong_kind", "PNG"),
        (b"a,b\n", IMAGE, 415, "wrong_kind", "CSV"),
        (b"PK\x03\x04 cut off", TABLE, 422, "broken", "broken"),
        (workbook()[:-50], TABLE, 422, "broken", "broken"),
        (workbook(("xl/vbaProject.bin", b"x")), TABLE, 422, "macros", "macros"),
        (workbook(("XL/VBAPROJECT.BIN", b"x")), TABLE, 422, "macros", "macros"),
        (workbook(("xl/macrosheets/sheet1.xml", b"x")), TABLE, 422, "macros", "macros"),
        (workbook(types=_PART + b"macroEnabled.main+xml'/>"), TABLE, 422, "macros", "macros"),
        (workbook(("xl/embeddings/oleObject1.bin", b"x")), TABLE, 422, "embedded", "embedded"),
    ],
)
def test_what_is_refused_has_a_reason_in_both_languages(
    content: bytes, kind: Kind, status: int, code: str, said: str
) -> None:
    with pytest.raises(UploadRefused) as refused:
        taken(content, "innocent.csv", kind)
    problem = refused.value
    assert (problem.status, problem.code) == (status, code)
    assert said in problem.text("en") and problem.text("en").isascii()
    assert problem.text("ja") == problem.ja and not problem.ja.isascii()
    assert problem.body()["status"] == status


def test_a_workbook_that_unpacks_to_a_flood_is_refused_before_it_is_unpacked() -> None:
    bomb = workbook(("xl/worksheets/sheet2.xml", bytes(LARGEST_UNPACKED)))
    assert len(bomb) < MEBIBYTE
    with pytest.raises(UploadRefused, match="200 MiB"):
        taken(bomb, "a.xlsx", TABLE)
    with pytest.raises(UploadRefused, match="200 MiB"):
        taken(workbook(*((f"x{n}", b"") for n in range(10_001))), "a.xlsx", TABLE)


def test_a_default_for_parts_that_are_not_there_is_no_macro() -> None:
    default = (
        b"<Default Extension='bin' ContentType='vnd.ms-excel.sheet.binary.macroEnabled.main'/>"
    )
    assert taken(workbook(types=default), "a.xlsx", TABLE).format == "xlsx"


def test_a_zip_that_is_no_workbook_is_named_so() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("data.csv", "a,b\n")
    with pytest.raises(UploadRefused, match="ZIP file that is no workbook"):
        taken(made.getvalue(), "a.xlsx", TABLE)


def test_a_file_above_the_limit_of_its_kind() -> None:
    small = Kind("small", ("csv",), MEBIBYTE)
    assert taken(b"a" * MEBIBYTE, "a.csv", small).size == MEBIBYTE
    with pytest.raises(UploadRefused) as refused:
        taken(b"a" * (MEBIBYTE + 1), "a.csv", small)
    assert (refused.value.status, refused.value.ja) == (
        413,
        "ファイルが大きすぎます。1 MiBまでです。",
    )


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("C:\\Users\\me\\水位.csv", "水位.csv"),
        ("../../x.csv", "x.csv"),
        ("a\0b\r\n.csv", "ab.csv"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ('<script>"x".csv', "_script__x_.csv"),
        ("...", "upload"),
        ("", "upload"),
        (".htaccess", "htaccess"),
        ("con.csv", "_con.csv"),
        ("  a .csv ", "a.csv"),
        ("が.csv", "が.csv"),
        ("x" * 500 + ".csv", "x" * (MAX_NAME - 4) + ".csv"),
    ],
)
def test_names_are_cleaned(name: str, clean: str) -> None:
    assert clean_name(name) == clean


def test_the_file_field_of_a_form_names_what_is_taken() -> None:
    assert TABLE.accept.startswith(".csv,.tsv,.txt,.xlsx,text/csv,")
