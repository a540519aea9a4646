"""What can be wrong with a request about a dataset; each says what, in both languages."""

from collections.abc import Mapping
from typing import Any

from tamamo.kernel.errors import Problem

_PROBLEMS = "https://tamamo.example/problems/"


class UnknownDataset(Problem):
    """There is no such dataset, or not for whoever asks (404)."""

    status, type, title = 404, _PROBLEMS + "unknown-dataset", "Unknown dataset"


class UnknownVersion(Problem):
    """The dataset has no such version or row, or not for whoever asks (404)."""

    status, type, title = 404, _PROBLEMS + "unknown-version", "Unknown version"


class BadDatasetQuery(Problem):
    """The rows cannot be asked for so: a field that is not there (400)."""

    status, type, title = 400, _PROBLEMS + "bad-dataset-query", "Bad query"


class _Told(Problem):
    """Says why in both languages, with the numbers."""

    def __init__(
        self, code: str, ja: str, en: str, numbers: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(en, code=code, **({"numbers": dict(numbers)} if numbers else {}))
        self.code = code
        self.ja = ja
        self.en = en
        self.numbers = dict(numbers or {})

    def text(self, language: str) -> str:
        """Return the reason in a language."""
        return self.ja if language.startswith("ja") else self.en


class DatasetRefused(_Told):
    """What was given cannot be published so (422); nothing was changed."""

    status, type, title = 422, _PROBLEMS + "dataset-refused", "The dataset is refused"


class DatasetConflict(_Told):
    """The dataset's state does not allow this (409); nothing was changed."""

    status, type, title = 409, _PROBLEMS + "dataset-conflict", "The dataset's state is another"
