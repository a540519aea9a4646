"""Files that people send: bounded, known by their content, harmless, under a clean name.

The name a file came with says nothing: what it is, is read from its first bytes, and from the
inside of workbooks. Nothing is carried out or evaluated: a workbook with macros or embedded
programs is refused, its formulas are only ever seen as the values that were saved with them.
Each refusal has a reason in Japanese and English.
"""

import hashlib
import re
import unicodedata
import zipfile
from dataclasses import dataclass
from pathlib import PurePath
from typing import BinaryIO, Final

from tamamo.kernel.errors import Problem
from tamamo.kernel.home import MEBIBYTE

#: What a workbook may unpack to, and of how many parts it may consist.
LARGEST_UNPACKED: Final = 200 * MEBIBYTE
MOST_PARTS: Final = 10_000
#: Longest file name kept, in characters.
MAX_NAME: Final = 120
_CHUNK: Final = 256 * 1024
_HEAD: Final = 64 * 1024

MEDIA_TYPES: Final = {
    "csv": "text/csv",
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
    "png": "image/png",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
}
_EXTENSIONS: Final = {
    "csv": (".csv", ".tsv", ".txt"),
    "json": (".json", ".geojson"),
    "jpeg": (".jpg", ".jpeg"),
}
_MAGIC: Final = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0", "ole"),
    (b"%PDF-", "pdf"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF8", "gif"),
    (b"\x7fELF", "program"),
    (b"MZ", "program"),
    (b"#!", "program"),
)
#: Parts of a workbook that hold programs, and those that hold other files.
_MACROS: Final = re.compile(
    r"(?i)(?:^|/)(?:vbaProject[^/]*\.bin|macrosheets/|activeX/|dialogsheets/)"
)
_OBJECTS: Final = re.compile(r"(?i)(?:^|/)(?:embeddings|oleObjects)/")
#: What a part is: a default for an extension that no part has (SheetJS writes some) says nothing.
_MACRO_PART: Final = re.compile(rb"<Override\b[^>]*macroenabled[^>]*>", re.IGNORECASE)


class UploadRefused(Problem):
    """A file that is not taken; nothing of it is kept.

    code names the reason for machines, ja and en say it to people. status: 413 too large, 415 not
    of a kind that is taken here, 422 of the right kind but broken or unsafe.
    """

    type = "https://tamamo.example/problems/upload-refused"
    title = "The file is not taken"

    def __init__(self, status: int, code: str, ja: str, en: str) -> None:
        """Take the reason in both languages, as whole sentences."""
        super().__init__(f"{en} / {ja}", reason=code)
        self.status = status
        self.code = code
        self.ja = ja
        self.en = en

    def text(self, language: str) -> str:
        """Return the reason in a language: Japanese for `ja`, English for every other."""
        return self.ja if language.startswith("ja") else self.en


@dataclass(frozen=True, slots=True)
class Kind:
    """What one form takes: formats (keys of MEDIA_TYPES) and the largest size in bytes."""

    name: str
    formats: tuple[str, ...]
    limit: int

    @property
    def accept(self) -> str:
        """The `accept` attribute of the form's file field."""
        endings = [end for one in self.formats for end in _EXTENSIONS.get(one, (f".{one}",))]
        return ",".join([*endings, *(MEDIA_TYPES[one] for one in self.formats)])


TABLE: Final = Kind("table", ("csv", "xlsx"), 32 * MEBIBYTE)
GEOJSON: Final = Kind("geojson", ("json",), 32 * MEBIBYTE)
IMAGE: Final = Kind("image", ("jpeg", "png", "webp"), 10 * MEBIBYTE)
DOCUMENT: Final = Kind("document", ("pdf",), 20 * MEBIBYTE)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that is taken. name: clean, its ending that of its content."""

    name: str
    format: str
    size: int
    sha256: str

    @property
    def media_type(self) -> str:
        """The media type of its content."""
        return MEDIA_TYPES[self.format]


def inspect(file: BinaryIO, name: str, kind: Kind) -> Upload:
    """Return what a file is, read from its start; it stands at its start again afterwards.

    file: seekable, such as a Django UploadedFile (which is on the disk when it is large) or
    io.BytesIO. It is read in pieces, never whole. Raises UploadRefused.
    """
    size, digest, zeros = 0, hashlib.sha256(), False
    file.seek(0)
    head = file.read(_HEAD)
    file.seek(0)
    while chunk := file.read(_CHUNK):
        size += len(chunk)
        if size > kind.limit:
            raise too_large(kind.limit)
        digest.update(chunk)
        zeros = zeros or b"\0" in chunk
    if not size:
        raise UploadRefused(422, "empty", "ファイルが空です。", "The file is empty.")
    found = _format(head, zeros)
    if found == "zip":
        found = _inside(file)
    if found not in kind.formats:
        raise _wrong(found, kind)
    file.seek(0)
    return Upload(clean_name(name, found), found, size, digest.hexdigest())


def clean_name(name: str, format_: str | None = None) -> str:
    """Return a name without folders, control characters and tricks; format_: gives its ending.

    Japanese stays. Not to be used as a path beside other people's files: names are not unique.
    """
    name = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    # Cc, Cf: control characters and those that turn the direction of writing (gpj.exe as exe.jpg).
    name = "".join(
        "_" if sign in '<>:"|?*' else sign
        for sign in name
        if unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Co", "Cn")
    )
    path = PurePath(name.strip(" .") or "upload")
    stem, ending = path.stem, path.suffix
    if format_ is not None:
        endings = _EXTENSIONS.get(format_, (f".{format_}",))
        if ending.lower() not in endings:
            stem, ending = (stem if ending.lower() in _KNOWN_ENDINGS else stem + ending), endings[0]
    stem = stem.strip(" .")[: MAX_NAME - len(ending[:20])] or "upload"
    if stem.upper() in _RESERVED:
        stem = f"_{stem}"
    return stem + ending[:20]


#: Names that Windows gives to devices.
_RESERVED: Final = {"CON", "PRN", "AUX", "NUL"} | {
    f"{device}{number}" for device in ("COM", "LPT") for number in range(1, 10)
}
_KNOWN_ENDINGS: Final = {
    *(end for ends in _EXTENSIONS.values() for end in ends),
    *(f".{one}" for one in MEDIA_TYPES),
    ".xlsm", ".xls", ".exe", ".html", ".svg", ".js",
}  # fmt: skip


def too_large(limit: int) -> UploadRefused:
    """Return the error for a file above `limit` bytes."""
    most = limit // MEBIBYTE
    return UploadRefused(
        413,
        "too_large",
        f"ファイルが大きすぎます。{most} MiBまでです。",
        f"The file is too large: at most {most} MiB are taken.",
    )


def _format(head: bytes, zeros: bool) -> str:
    for magic, found in _MAGIC:
        if head.startswith(magic):
            return found
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    if zeros and not wide:
        return "unknown"
    text = head.decode("utf-16" if wide else "utf-8", "ignore").lstrip("\ufeff \t\r\n")
    if text.startswith(("{", "[")):
        return "json"
    if re.match(r"(?i)<(?:!doctype|\?xml|html|svg|script|body|table|meta)", text):
        return "markup"
    return "csv"


def _inside(file: BinaryIO) -> str:
    """Return `xlsx` or `zip`; raises UploadRefused for a broken or unsafe workbook."""
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
            _require_modest(parts)
            names = [part.filename for part in parts]
            if "[Content_Types].xml" not in names or "xl/workbook.xml" not in names:
                return "zip"
            types = archive.read("[Content_Types].xml")
            _require_harmless(names, types)
            return "xlsx"
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise UploadRefused(
            422,
            "broken",
            "ファイルが壊れているか、暗号化されています。",
            "The file is broken or encrypted.",
        ) from error


def _require_modest(parts: list[zipfile.ZipInfo]) -> None:
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
        most = LARGEST_UNPACKED // MEBIBYTE
        raise UploadRefused(
            422,
            "unpacks_too_large",
            f"展開すると大きすぎます（{most} MiBまで）。",
            f"It unpacks to more than {most} MiB.",
        )


def _require_harmless(names: list[str], types: bytes) -> None:
    if any(map(_MACROS.search, names)) or _MACRO_PART.search(types):
        raise UploadRefused(
            422,
            "macros",
            "マクロを含むExcelファイルは受け取れません。マクロなしの.xlsxで保存し直してください。",
            "A workbook with macros is not taken: save it as .xlsx without macros.",
        )
    if any(map(_OBJECTS.search, names)):
        raise UploadRefused(
            422,
            "embedded",
            "ほかのファイルを埋め込んだExcelファイルは受け取れません。埋め込みを外してください。",
            "A workbook with other files embedded is not taken: remove them first.",
        )


_FOUND: Final = {
    "ole": ("旧形式のExcel（.xls）か暗号化されたファイルです", "an old .xls or an encrypted file"),
    "zip": ("Excelではない圧縮ファイルです", "a ZIP file that is no workbook"),
    "markup": ("ウェブページ（HTML・XML）です", "a web page (HTML or XML)"),
    "program": ("プログラムです", "a program"),
    "csv": ("文字のファイル（CSVなど）です", "a text file such as CSV"),
    "json": ("JSONのファイルです", "a JSON file"),
    "gif": ("GIF画像です", "a GIF image"),
    "unknown": ("種類の分からないファイルです", "of no known kind"),
}


def _wrong(found: str, kind: Kind) -> UploadRefused:
    ja, en = _FOUND.get(found, (f"{found.upper()}のファイルです", f"a {found.upper()} file"))
    wanted = ", ".join(one.upper() for one in kind.formats)
    return UploadRefused(
        415,
        "wrong_kind",
        f"{ja}。ここで受け取れるのは {wanted.replace(', ', '・')} です。",
        f"This is {en}; taken here: {wanted}.",
    )
