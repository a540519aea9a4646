"""How programs read a dataset: commands and code that work as they stand."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from tamamo.publishing.catalogue.entry import Place
from tamamo.publishing.catalogue.forms import FORMS
from tamamo.publishing.datasets import Dataset


@dataclass(frozen=True, slots=True)
class Example:
    """title: what it does. code: the commands."""

    title: str
    code: str


def of(dataset: Dataset, where: Place) -> list[Example]:
    """Return the ways into a dataset: file, rows, a client of CKAN, map services, RDF."""
    root, name = where.root, dataset.id
    key = dataset.key_field or (dataset.fields[0] if dataset.fields else None)
    found = [
        Example(_("The file"), f"curl -O '{where.file(name, FORMS['csv'])}'"),
        Example(
            _("Rows, page by page (CKAN datastore)"),
            f"curl '{root}/api/3/action/datastore_search?resource_id={name}&limit=100'",
        ),
        Example(
            _("In Python, by CKAN's own client"),
            "from ckanapi import RemoteCKAN\n"
            f'ckan = RemoteCKAN("{root}")\n'
            f'about = ckan.action.package_show(id="{name}")\n'
            f'rows = ckan.action.datastore_search(resource_id="{name}"'
            + (f', sort="{key.name}"' if key else "")
            + ')["records"]',
        ),
    ]
    if dataset.located:
        found.append(
            Example(
                _("In a map program (OGC API Features)"),
                f"ogrinfo -so OAPIF:{root}/ogc/ dataset.{name}",
            )
        )
    found.append(Example(_("Description as DCAT-AP"), f"curl '{root}/data/{name}.ttl'"))
    return found
