"""What an action was asked: its parameters, as JSON or as texts of a query, read by kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from tamamo.publishing.catalogue.ckan.errors import NotFound, ValidationError
from tamamo.publishing.catalogue.entry import Entry, Place, entry_of
from tamamo.publishing.datasets import Dataset, Datasets, UnknownDataset

_YES: Final = frozenset({"true", "yes", "on", "1", "t", "y"})
_NO: Final = frozenset({"false", "no", "off", "0", "f", "n", ""})
#: As large as a number may be: there are no more rows than that.
_LARGEST: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. api: the path of the actions, for links to further pages."""

    engine: Datasets
    place: Place
    api: str
    parameters: Mapping[str, Any]

    @property
    def town(self) -> str:
        """The town whose catalogue is asked."""
        return self.place.town

    def text(self, name: str, default: str | None = None) -> str:
        """Return a text; one without a default is needed. Raises ValidationError."""
        value = self.parameters.get(name)
        if value is None or value == "":
            if default is None:
                raise ValidationError(name, "Missing value")
            return default
        if not isinstance(value, str | int | float):
            raise ValidationError(name, "Must be a text")
        return str(value)

    def number(self, name: str, default: int, most: int | None = None) -> int:
        """Return a whole number from 0, no more than `most`. Raises ValidationError."""
        value = self.parameters.get(name)
        if value is None or value == "":
            return default
        try:
            read = int(str(value))
        except ValueError:
            raise ValidationError(name, "Invalid integer") from None
        if read < 0:
            raise ValidationError(name, "Must be a natural number")
        return min(read, _LARGEST if most is None else most)

    def yes(self, name: str, *, default: bool) -> bool:
        """Return whether something is wanted. Raises ValidationError."""
        value = self.parameters.get(name)
        if value is None:
            return default
        text = str(value).strip().lower()
        if text not in _YES | _NO:
            raise ValidationError(name, "Must be true or false")
        return text in _YES

    def several(self, name: str) -> tuple[str, ...]:
        """Return a list: of JSON, repeated in the query, or with commas; each value once.

        Raises ValidationError.
        """
        value = self.json(name)
        if value is None or value == "":
            return ()
        if isinstance(value, str):
            return tuple(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))
        if isinstance(value, Sequence) and all(isinstance(one, str) for one in value):
            return tuple(dict.fromkeys(value))
        raise ValidationError(name, "Must be a list of texts")

    def json(self, name: str) -> Any:
        """Return a parameter, read as JSON where it is a text of the query that begins so."""
        value = self.parameters.get(name)
        if isinstance(value, str) and value[:1] in {"{", "["}:
            try:
                return orjson.loads(value)
            except orjson.JSONDecodeError:
                raise ValidationError(name, "Could not parse as valid JSON") from None
        return value

    def entry(self, dataset: Dataset) -> Entry:
        """Return a dataset as the catalogue tells it."""
        return entry_of(dataset, self.place)

    async def dataset(self, identifier: str) -> Dataset:
        """Return a dataset the public sees, by id or name. Raises NotFound."""
        try:
            return await self.engine.one(None, self.town, identifier)
        except UnknownDataset:
            raise NotFound from None
