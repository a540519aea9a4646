"""What parts of the catalogue's addresses look like, for Starlette's routes."""

from typing import ClassVar, Final

from starlette.convertors import Convertor, register_url_convertor

from tamamo.publishing.catalogue.forms import FORMS


class _Text(Convertor[str]):
    """A part of an address that is taken as it stands."""

    def convert(self, value: str) -> str:
        """Return it."""
        return value

    def to_string(self, value: str) -> str:
        """Return it."""
        return value


class _File(_Text):
    """A dataset's file: it is called what the folder before it is. `{id}` stands before it."""

    regex: ClassVar[str] = "(?P=id)(?:" + "|".join(
        form.suffix.replace(".", r"\.") for form in FORMS.values()
    ) + ")"  # fmt: skip


class _Folder(_Text):
    """The folder of a version, `v3/`, or nothing for the newest."""

    regex: ClassVar[str] = "(?:v[0-9]{1,9}/)?"


class _Graph(_Text):
    """A form of RDF, as in dcat/forms.SYNTAXES, with its point."""

    regex: ClassVar[str] = r"\.(?:jsonld|ttl|rdf)"


class _AnyGraph(_Text):
    """The same, or nothing: then the Accept header says the form."""

    regex: ClassVar[str] = f"(?:{_Graph.regex})?"


class _Action(_Text):
    """An action of CKAN's API: its clients write the version before it, or leave it out."""

    regex: ClassVar[str] = "(?:3/)?action/[^/]+"


#: Names for `{…:name}` in routes.
FILE, FOLDER, GRAPH, ANY_GRAPH, ACTION = "datafile", "version", "graph", "anygraph", "action"
_CONVERTORS: Final[dict[str, Convertor[str]]] = {
    FILE: _File(),
    FOLDER: _Folder(),
    GRAPH: _Graph(),
    ANY_GRAPH: _AnyGraph(),
    ACTION: _Action(),
}


def register() -> None:
    """Make the names known to Starlette."""
    for name, convertor in _CONVERTORS.items():
        register_url_convertor(name, convertor)
