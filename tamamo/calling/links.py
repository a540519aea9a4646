"""The signed links by which a call is answered: whoever was sent one may, and nobody else."""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Final

from tamamo.kernel.home import secret
from tamamo.kernel.settings import Settings

#: In HOME/secrets: what links are signed with.
KEY_FILE: Final = "call-links"
_LONGEST: Final = 400


@dataclass(frozen=True, slots=True)
class Answerer:
    """Who answers what: a contact of a tenant, one call."""

    tenant: str
    call: str
    contact: str


def token_of(settings: Settings, answerer: Answerer) -> str:
    """Return what stands in a link: whom it is for, and a signature of 128 bits."""
    said = _text("\n".join((answerer.tenant, answerer.call, answerer.contact)).encode())
    return f"{said}.{_signature(settings, said)}"


def read(settings: Settings, token: str) -> Answerer | None:
    """Return whom a link is for; None for what was not signed here."""
    said, _, signature = token.partition(".")
    if len(token) > _LONGEST or not token.isascii():
        return None
    if not hmac.compare_digest(signature, _signature(settings, said)):
        return None
    tenant, call, contact = urlsafe_b64decode(said + "=" * (-len(said) % 4)).decode().split("\n")
    return Answerer(tenant, call, contact)


def url_of(settings: Settings, answerer: Answerer, language: str) -> str:
    """Return the whole address of the page that answers."""
    prefix = "" if language == "ja" else "/en"
    return f"{base(settings)}{prefix}/answer/{token_of(settings, answerer)}/"


def base(settings: Settings) -> str:
    """Return where others reach this installation, without a slash at the end."""
    if settings.public_url:
        return settings.public_url.rstrip("/")
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}"


def _signature(settings: Settings, said: str) -> str:
    key = secret(settings.home, KEY_FILE).encode()
    return _text(hmac.new(key, said.encode(), hashlib.sha256).digest()[:16])


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
