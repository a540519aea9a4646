"""Requests whose headers are asked for many times."""

from typing import Any

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import Scope


class QuickHeaders(Headers):
    """The headers of a request, found by name at once rather than by going through all of them.

    Of a header that stands several times the first, as in Starlette; `getlist` has all.
    """

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope=scope)
        self._first = dict(reversed(self._list))

    def __getitem__(self, key: str) -> str:
        """Return a header's text. Raises KeyError."""
        return self._first[key.lower().encode("latin-1")].decode("latin-1")

    def __contains__(self, key: object) -> bool:
        """Say whether a header was sent."""
        return isinstance(key, str) and key.lower().encode("latin-1") in self._first

    def get(self, key: str, default: Any = None) -> Any:
        """Return a header's text, or the default."""
        found = self._first.get(key.lower().encode("latin-1"))
        return default if found is None else found.decode("latin-1")


class Incoming(Request):
    """A request to one of the APIs: ten headers are asked for each time."""

    @property
    def headers(self) -> Headers:
        """Return its headers."""
        if not hasattr(self, "_headers"):
            self._headers = QuickHeaders(self.scope)
        return self._headers
