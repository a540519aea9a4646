"""A broker to measure, ours or another's: reached by the standard's API (NGSI-LD) only."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from bench import load

API = "/ngsi-ld/v1"
_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Broker:
    """Where a broker stands. headers: sent with each request, such as a key."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def host(self) -> str:
        """Its host."""
        return urlsplit(self.url).hostname or "127.0.0.1"

    @property
    def port(self) -> int:
        """Its port."""
        return urlsplit(self.url).port or 80

    def request(self, method: str, path: str, body: Any = None) -> bytes:
        """Return a request for a path of the API as it goes over the wire.

        body: a JSON value, or bytes that are one.
        """
        return self.raw(method, urlsplit(self.url).path.rstrip("/") + API + path, body)

    def raw(self, method: str, path: str, body: Any = None) -> bytes:
        """Return a request for any path of the server."""
        content = body if isinstance(body, bytes) else b""
        if body is not None and not isinstance(body, bytes):
            content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.host}:{self.port}"]
        if body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + content

    def rate(self, requests: Sequence[bytes], seconds: float, connections: int = 64) -> float:
        """Return how many of the requests are answered a second. Raises LoadError."""
        return load.rate(self.host, self.port, requests, seconds=seconds, connections=connections)

    def send_all(self, requests: Sequence[bytes], connections: int = 4) -> float:
        """Send each request once and return the seconds it took. Raises LoadError."""
        return load.send_all(self.host, self.port, requests, connections)

    def upserts(self, entities: Iterable[Mapping[str, Any]]) -> list[bytes]:
        """Return the requests that store entities, 1,000 in each (clause 6.15)."""
        every = list(entities)
        return [
            self.request("POST", "/entityOperations/upsert", every[at : at + _BATCH])
            for at in range(0, len(every), _BATCH)
        ]

    def delete(self, ids: Sequence[str]) -> None:
        """Delete entities that may be there (clause 6.17)."""
        groups = [ids[at : at + _BATCH] for at in range(0, len(ids), _BATCH)]
        # Some are not there, which the answer 207 says: that is fine.
        self.send_all(
            [self.request("POST", "/entityOperations/delete", list(group)) for group in groups]
        )

    @contextmanager
    def subscribed(self, subscriptions: Iterable[Mapping[str, Any]]) -> Iterator[None]:
        """Keep subscriptions while the block runs. Raises LoadError when one is refused."""
        with httpx.Client(base_url=self.url + API, headers=dict(self.headers), timeout=30) as http:
            places: list[str] = []
            try:
                for subscription in subscriptions:
                    answer = http.post("/subscriptions", json=subscription)
                    if answer.status_code != 201:
                        raise load.LoadError(f"A subscription was answered {answer.text}")
                    places.append(answer.headers["Location"].rpartition("/")[2])
                yield
            finally:
                for place in places:
                    http.delete(f"/subscriptions/{place}")
