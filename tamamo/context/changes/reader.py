"""Who reads a stream, asked again while it runs: it must not outlive a right taken away."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request

from tamamo.kernel.errors import Unauthorized, Unavailable
from tamamo.kernel.identity import Access, Actor, Identity


class Reader:
    """Who sent a request for a stream: by the Authorization header, or a browser by its session.

    A session counts only for pages of this installation: `/sse` is the one address of the APIs
    that a browser opens by itself, without headers of its own.
    """

    def __init__(self, identity: Identity, request: Request, tenant: str) -> None:
        """tenant: as clients name it."""
        self._identity = identity
        self._tenant = tenant
        self._authorization = request.headers.get("authorization")
        cookies = request.headers.get("cookie")
        self._cookies = cookies if cookies and from_own_page(request.headers) else None

    async def actor(self) -> Actor:
        """Return who it is now. Raises Unauthorized, Unavailable."""
        if self._authorization is None and self._cookies is not None:
            return await self._identity.browser(self._cookies)
        return await self._identity.actor(self._authorization)

    async def access(self) -> Access:
        """Return what it may do now in the tenant. Raises Unauthorized, Unavailable."""
        return await self._identity.access(await self.actor(), self._tenant)

    async def still_has(self, access: Access) -> bool:
        """Whether it may do now what it could when the stream began; false where none can say."""
        try:
            now = await self.access()
        except (Unauthorized, Unavailable):
            return False
        return now is access or now == access


def from_own_page(headers: Headers) -> bool:
    """Whether a page of this very origin asks, as far as the browser says (Fetch Metadata)."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")
