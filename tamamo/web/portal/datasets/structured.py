"""schema.org's Dataset in the page, which search engines for data read."""

from typing import Any, Final

import orjson
from django.utils.safestring import SafeString, mark_safe

from tamamo.publishing.catalogue.entry import Place, entry_of
from tamamo.publishing.datasets import Dataset

#: What could end the script element; JSON may write each letter by its number.
_ESCAPES: Final = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}


def script(dataset: Dataset, where: Place) -> SafeString:
    """Return the content of `<script type="application/ld+json">`: data, which no policy blocks."""
    text = orjson.dumps(document(dataset, where)).decode().translate(_ESCAPES)
    return mark_safe(text)  # noqa: S308 - no letter in it can end the element


def document(dataset: Dataset, where: Place) -> dict[str, Any]:
    """Return a dataset in the words of schema.org."""
    entry = entry_of(dataset, where)
    both = {"name": entry.title, "description": entry.description or entry.title}
    told: dict[str, Any] = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "@id": f"{entry.page}#dataset",
        "identifier": entry.id,
        "url": entry.page,
        **{
            name: [{"@value": text, "@language": language}
                   for language, text in (("ja", words.ja), ("en", words.en)) if text]
            for name, words in both.items()
        },
        "keywords": list(entry.tags),
        "license": entry.licence.url,
        "isAccessibleForFree": True,
        "version": entry.version,
        "creator": {"@type": "Organization", "name": entry.publisher.title.in_("ja")},
        "publisher": {"@type": "Organization", "name": where.title.in_("ja"), "url": where.root},
        "includedInDataCatalog": {"@type": "DataCatalog", "url": f"{where.root}/data/",
                                  "name": where.title.in_("ja")},
        "distribution": [
            {"@type": "DataDownload", "encodingFormat": one.media, "contentUrl": one.url}
            for one in entry.resources
        ],
        "variableMeasured": [field.label.in_("ja") or field.name for field in dataset.fields],
    }  # fmt: skip
    if entry.bbox is not None:
        west, south, east, north = entry.bbox
        shape = {"@type": "GeoShape", "box": f"{south} {west} {north} {east}"}
        told["spatialCoverage"] = {"@type": "Place", "geo": shape}
    for name, moment in (("datePublished", entry.issued), ("dateModified", entry.modified)):
        if moment is not None:
            told[name] = moment.isoformat()
    return {name: value for name, value in told.items() if value not in ("", [])}
