"""All addresses of the catalogue that programs ask; people's are pages of the portal."""

from starlette.routing import Route

from tamamo.publishing.catalogue import downloads
from tamamo.publishing.catalogue.ckan import http as ckan
from tamamo.publishing.catalogue.dcat import http as dcat

routes: list[Route] = [*ckan.routes, *dcat.routes, *downloads.routes]
