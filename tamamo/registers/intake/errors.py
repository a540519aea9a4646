"""Why a file of a department is not taken, in both languages."""

from typing import Final

from tamamo.feeds.quality import Reason, UnreadableFile
from tamamo.kernel.errors import Problem
from tamamo.kernel.home import MEBIBYTE
from tamamo.kernel.uploads import UploadRefused


class IntakeRefused(Problem):
    """A file that cannot be used at all: nothing of it is taken (422).

    code names the reason for machines, ja and en say it to people; row is the place in the file.
    """

    status = 422
    type = "https://tamamo.example/problems/intake-refused"
    title = "The file cannot be used"

    def __init__(self, code: str, ja: str, en: str, row: int | None = None) -> None:
        """Take the reason in both languages, as whole sentences."""
        super().__init__(f"{en} / {ja}", reason=code, row=row)
        self.code = code
        self.ja = ja
        self.en = en
        self.row = row

    def text(self, language: str) -> str:
        """Return the reason in a language: Japanese for `ja`, English for every other."""
        return self.ja if language.startswith("ja") else self.en

    @property
    def reason(self) -> Reason:
        """The reason as readers of feeds say it."""
        return Reason(self.code, self.ja, self.en)


ENCRYPTED: Final = Reason(
    "encrypted",
    "パスワードで保護されたExcelファイルです。パスワードを外して保存し直してください。",
    "The workbook is protected by a password: save it without one.",
)
OLD_EXCEL: Final = Reason(
    "old_excel",
    "旧形式のExcel（.xls）です。.xlsxで保存し直してください。",
    "It is an old Excel file (.xls): save it as .xlsx.",
)
EMPTY: Final = Reason("empty", "ファイルが空です（0バイト）。", "The file is empty (0 bytes).")
NO_ROWS: Final = Reason(
    "no_rows", "見出しの下にデータの行がありません。", "There are no rows of data below the header."
)
NO_HEADER: Final = Reason(
    "no_header", "見出しの行が見つかりません。", "No row of headings was found."
)


def not_a_workbook(found_ja: str, found_en: str) -> Reason:
    """Return the reason for a file whose name says Excel and whose content says otherwise."""
    return Reason(
        "not_a_workbook",
        f"名前はExcelですが、中身が違います。{found_ja}",
        f"Its name says Excel, its content does not. {found_en}",
    )


def too_large(limit: int) -> Reason:
    """Return the reason for a file above `limit` bytes."""
    most = limit // MEBIBYTE
    return Reason(
        "too_large",
        f"ファイルが大きすぎます。{most} MiBまでです。",
        f"The file is too large: at most {most} MiB are taken.",
    )


def refused(reason: Reason, row: int | None = None) -> IntakeRefused:
    """Return the error for a reason."""
    return IntakeRefused(reason.code, reason.ja, reason.en, row)


def of_upload(error: UploadRefused) -> Reason:
    """Return what an upload's refusal says."""
    return Reason(error.code, error.ja, error.en)


def of_unreadable(error: UnreadableFile) -> IntakeRefused:
    """Return the error for a file that a reader of feeds could not read."""
    reason = error.reason
    return IntakeRefused(reason.code, reason.ja, reason.en, error.extra.get("row"))
