"""The one HTTP client for addresses that users name: contexts, callbacks, webhooks, feeds.

What a user names may point into the installation's own network (server-side request forgery), be
endless, slow, or redirect for ever. So every request goes through here: http and https only,
a deny list, a wall before private addresses with an allow list, and limits on size, time and
redirects. The address that was checked is the address that is connected to.
"""

import asyncio
import ipaddress
import socket
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import TYPE_CHECKING, Self

from yarl import URL

from tamamo.kernel.settings import Settings

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

MAX_BYTES = 16 * 1024 * 1024
MAX_SECONDS = 10.0
MAX_REDIRECTS = 3

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


_IPV6_GLOBAL = ipaddress.ip_network("2000::/3")


class OutgoingError(Exception):
    """The request could not be made or its answer not be taken; the text says why."""


class AddressRefused(OutgoingError):
    """Policy: the scheme, host or address is not to be reached."""


class AnswerTooLarge(OutgoingError):
    """The answer is larger than the caller takes."""


class ErrorAnswer(OutgoingError):
    """The other side answered with an error; status: which (HTTP)."""

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, read whole. url: where it came from, after redirects."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str

    def content(self) -> bytes:
        """Return the body. Raises ErrorAnswer when it is that of an error (4xx, 5xx)."""
        if self.status >= HTTPStatus.BAD_REQUEST:
            raise ErrorAnswer(self.status)
        return self.body


class Outgoing:
    """Asynchronous client; one for each process, closed at its end."""

    def __init__(self, settings: Settings) -> None:
        self._policy = _Policy(settings.outgoing_allow, settings.outgoing_deny)
        self._session: ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    async def get(
        self,
        url: str,
        *,
        accept: str = "*/*",
        max_bytes: int = MAX_BYTES,
        seconds: float = MAX_SECONDS,
    ) -> Answer:
        """Fetch an address. seconds: for the whole exchange. Raises OutgoingError."""
        return await self.request(
            "GET", url, headers={"Accept": accept}, max_bytes=max_bytes, seconds=seconds
        )

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        max_bytes: int = MAX_BYTES,
        seconds: float = MAX_SECONDS,
        follow_redirects: bool = True,
    ) -> Answer:
        """Make a request and read the whole answer, whatever its status. Raises OutgoingError."""
        from tamamo.kernel import connector  # noqa: PLC0415 - see there

        if self._session is None:
            self._session = connector.session(self._policy)
        try:
            async with (
                asyncio.timeout(seconds),
                self._session.request(
                    method,
                    _address(url),
                    headers=headers,
                    data=body,
                    allow_redirects=follow_redirects,
                    max_redirects=MAX_REDIRECTS + 1,
                ) as response,
            ):
                content = await _read(response, max_bytes)
                return Answer(response.status, response.headers, content, str(response.url))
        except TimeoutError as error:
            raise OutgoingError(f"no answer within {seconds:g} s") from error
        except connector.TooManyRedirects as error:
            raise OutgoingError(f"more than {MAX_REDIRECTS} redirects") from error
        except (connector.ClientError, OSError, ValueError) as error:
            raise OutgoingError(str(error) or type(error).__name__) from error

    async def choose_address(self, host: str, port: int) -> str:
        """Return an address of a host that may be reached, for other protocols than HTTP.

        Raises AddressRefused, OutgoingError.
        """
        return await self._policy.choose(host, port)


def _address(url: str) -> URL:
    """Return what to reach. Raises AddressRefused, ValueError."""
    # An address that is plain already is asked for exactly as it was given.
    address = URL(url, encoded=url.isascii() and url.isprintable() and " " not in url)
    if address.scheme not in {"http", "https"} or not address.host:
        raise AddressRefused("only http and https addresses can be reached")
    return address


async def _read(response: "ClientResponse", max_bytes: int) -> bytes:
    declared = response.headers.get("Content-Length", "")
    if declared.isdigit() and int(declared) > max_bytes:
        raise AnswerTooLarge(f"the answer is larger than {max_bytes} bytes")
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > max_bytes:
            raise AnswerTooLarge(f"the answer is larger than {max_bytes} bytes")
    encoding = response.headers.get("Content-Encoding", "identity").lower()
    return bytes(content) if encoding == "identity" else _unpacked(content, encoding, max_bytes)


def _unpacked(content: bytearray, encoding: str, max_bytes: int) -> bytes:
    """Decompress, but never beyond the limit: a megabyte of gzip may hold a gigabyte."""
    if encoding not in {"gzip", "x-gzip"}:
        raise OutgoingError(f"the answer is encoded as {encoding}, which was not asked for")
    unpacker = zlib.decompressobj(wbits=31)
    try:
        plain = unpacker.decompress(content, max_bytes + 1)
    except zlib.error as error:
        raise OutgoingError("the answer is not valid gzip") from error
    if len(plain) > max_bytes:
        raise AnswerTooLarge(f"the answer is larger than {max_bytes} bytes")
    if not unpacker.eof:
        raise OutgoingError("the answer breaks off")
    return plain


class _Policy:
    """Who may be reached: nobody denied, no private address unless allowed."""

    def __init__(self, allow: Sequence[str], deny: Sequence[str]) -> None:
        self._networks: list[_Network] = []
        self._hosts: set[str] = set()
        for entry in allow:
            try:
                self._networks.append(ipaddress.ip_network(entry.strip(), strict=False))
            except ValueError:
                self._hosts.add(entry.strip().lower())
        self._denied = {entry.strip().lower() for entry in deny}

    async def choose(self, host: str, port: int) -> str:
        """Return an address of the host that may be reached. Raises OutgoingError."""
        self._check_host(host)
        return self._chosen(host, await _addresses(host, port))

    def _check_host(self, host: str) -> None:
        """Refuse denied hosts and everything under a denied domain."""
        labels = host.lower().rstrip(".").split(".")
        if any(".".join(labels[n:]) in self._denied for n in range(len(labels))):
            raise AddressRefused(f"{host} is on the list of hosts never to be reached")

    def _chosen(self, host: str, addresses: Sequence[str]) -> str:
        for text in addresses:
            address = _plain(ipaddress.ip_address(text))
            if str(address) in self._denied:
                continue
            if _is_public(address):
                return text
            if host.lower() in self._hosts or any(address in network for network in self._networks):
                return text
        raise AddressRefused(f"{host} is a private address; it is not on the list of allowed ones")


def _plain(address: _Address) -> _Address:
    """Unwrap IPv4 inside IPv6, so that a private address cannot hide in a global one."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address.sixtofour is not None:
            return address.sixtofour
        if address in ipaddress.ip_network("64:ff9b::/96"):
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _is_public(address: _Address) -> bool:
    """Whether it is an address of the Internet.

    In IPv6 these have one prefix (RFC 4291, 2.4). Outside of it stand old forms that hold an IPv4
    address or a site's own, and what later versions of the standards reserve.
    """
    if isinstance(address, ipaddress.IPv6Address) and address not in _IPV6_GLOBAL:
        return False
    return address.is_global and not address.is_multicast


async def _addresses(host: str, port: int) -> list[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise OutgoingError(f"the host {host} is not known") from error
    return [str(entry[4][0]) for entry in found]
