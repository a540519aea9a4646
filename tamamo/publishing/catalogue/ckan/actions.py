"""The actions by name. What each answers its docstring says; `help_show` tells it to clients."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from importlib.metadata import version
from typing import Any, Final

from tamamo.publishing.catalogue.ckan import datasets, datastore, groups
from tamamo.publishing.catalogue.ckan.asked import Asked
from tamamo.publishing.catalogue.ckan.errors import NotFound

Action = Callable[[Asked], Awaitable[Any]]
#: The CKAN whose answers these are shaped after; clients ask, and choose by it.
CKAN_VERSION: Final = "2.11.0"


async def site_read(_: Asked) -> bool:
    """Return true: anybody may read."""
    return True


async def status_show(asked: Asked) -> dict[str, Any]:
    """Return what this site is called and which CKAN it answers like."""
    return {
        "ckan_version": CKAN_VERSION,
        "site_url": asked.place.root,
        "site_title": f"{asked.place.title.in_('ja')} オープンデータカタログ",
        "site_description": "Tamamo " + version("tamamo"),
        "error_emails_to": None,
        "locale_default": "ja",
        "extensions": ["datastore", "dcat"],
    }


async def help_show(asked: Asked) -> str:
    """Return what an action does. name."""
    action = ACTIONS.get(asked.text("name"))
    if action is None:
        raise NotFound
    return inspect.getdoc(action) or ""


ACTIONS: Final[Mapping[str, Action]] = {
    "site_read": site_read,
    "status_show": status_show,
    "help_show": help_show,
    "package_list": datasets.package_list,
    "package_show": datasets.package_show,
    "package_search": datasets.package_search,
    "package_autocomplete": datasets.package_autocomplete,
    "current_package_list_with_resources": datasets.current_package_list_with_resources,
    "resource_show": datasets.resource_show,
    "tag_list": datasets.tag_list,
    "tag_show": datasets.tag_show,
    "license_list": datasets.license_list,
    "format_autocomplete": datasets.format_autocomplete,
    "vocabulary_list": groups.nothing,
    "organization_list": groups.organization_list,
    "organization_show": groups.organization_show,
    "organization_autocomplete": groups.organization_autocomplete,
    "organization_list_for_user": groups.nothing,
    "group_list": groups.group_list,
    "group_show": groups.group_show,
    "group_autocomplete": groups.group_autocomplete,
    "group_package_show": groups.group_package_show,
    "datastore_search": datastore.datastore_search,
    "datastore_info": datastore.datastore_info,
}
