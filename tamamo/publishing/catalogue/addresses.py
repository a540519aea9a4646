"""What parts of the catalogue's addresses look like, for Starlette's routes."""

from typing import Any, ClassVar, Final

from starlette.convertors import Convertor, register_url_convertor

from tamamo.publishing.catalogue.forms import FORMS


class _File(Convertor[str]):
    """A dataset's file: it is called what the folder before it is. `{id}` stands before it."""

    regex: ClassVar[str] = "(?P=id)(?:" + "|".join(
        form.suffix.replace(".", r"\.") for form in FORMS.values()
    ) + ")"  # fmt: skip

    def convert(self, value: str) -> str:
        """Return the name."""
        return value

    def to_string(self, value: str) -> str:
        """Return the name."""
        return value


class _Graph(_File):
    """A form of RDF, as in forms.SYNTAXES."""

    regex: ClassVar[str] = "jsonld|ttl|rdf"


class _Number(Convertor[int]):
    """The number of a version."""

    regex: ClassVar[str] = "[0-9]{1,9}"

    def convert(self, value: str) -> int:
        """Return the number."""
        return int(value)

    def to_string(self, value: int) -> str:
        """Return it in digits."""
        return str(value)


#: Names for `{…:name}` in routes.
FILE, GRAPH, NUMBER = "datafile", "graphform", "version"
_CONVERTORS: Final[dict[str, Convertor[Any]]] = {FILE: _File(), GRAPH: _Graph(), NUMBER: _Number()}


def register() -> None:
    """Make the names known to Starlette."""
    for name, convertor in _CONVERTORS.items():
        register_url_convertor(name, convertor)
