"""The forms a dataset is had in: what CKAN, DCAT-AP and HTTP call each of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tamamo.publishing.datasets import Words

_FILE_TYPES: Final = "http://publications.europa.eu/resource/authority/file-type/"


@dataclass(frozen=True, slots=True)
class Form:
    """A form of files.

    id: as in addresses. name: as people and CKAN's facet `res_format` say it. file_type: of the EU
    vocabulary file-type.
    """

    id: str
    name: str
    title: Words
    suffix: str
    media: str
    file_type: str

    @property
    def file_type_uri(self) -> str:
        """Return the address of the kind of file in the EU vocabulary."""
        return _FILE_TYPES + self.file_type


_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMS: Final[Mapping[str, Form]] = {
    form.id: form
    for form in (
        Form("csv", "CSV", Words("CSV（UTF-8）", "CSV (UTF-8)"), ".csv", "text/csv", "CSV"),
        Form(
            "csv-bom",
            "CSV",
            Words("CSV（Excel用、BOM付きUTF-8）", "CSV for Excel (UTF-8 with BOM)"),
            "-bom.csv",
            "text/csv",
            "CSV",
        ),
        Form("xlsx", "XLSX", Words("Excel"), ".xlsx", _XLSX, "XLSX"),
        Form("json", "JSON", Words("JSON"), ".json", "application/json", "JSON"),
        Form(
            "geojson", "GeoJSON", Words("GeoJSON"), ".geojson",
            "application/geo+json", "GEOJSON",
        ),
        Form(
            "parquet", "Parquet", Words("Parquet"), ".parquet",
            "application/vnd.apache.parquet", "PARQUET",
        ),
    )
}  # fmt: skip


def split_name(name: str) -> tuple[str, Form] | None:
    """Return the dataset and the form that a file's name says; None where it says none."""
    ordered = sorted(FORMS.values(), key=lambda form: -len(form.suffix))
    for form in ordered:
        stem = name.removesuffix(form.suffix)
        if stem and stem != name:
            return stem, form
    return None


def form_of(media: str, name: str) -> Form | None:
    """Return the form with a media type or a name, as catalogues of others write them."""
    wanted = name.strip().lower().lstrip(".")
    for form in FORMS.values():
        if wanted in {form.id, form.name.lower()} or (media and media == form.media):
            return form
    return None
