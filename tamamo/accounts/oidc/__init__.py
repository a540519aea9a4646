"""Sign-in with an account kept elsewhere: OpenID Connect, set up in HOME/oidc.toml."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import structlog

from tamamo.kernel.errors import SetupError

FILE = "oidc.toml"


class Provider(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One `[provider.ID]` table of the file."""

    #: What the button says.
    name: str
    #: Its issuer: /.well-known/openid-configuration is looked for below it.
    server: str
    client_id: str
    client_secret: str
    #: Whose people these are: the home town of an account made at the first sign-in.
    tenant: str | None = None
    #: Which claim names the person for good.
    uid_claim: str = "sub"
    #: Whether an account is made for who comes the first time. False: only accounts there are.
    sign_up: bool = False
    #: Whether somebody with the same e-mail here is that person. Only for a provider that confirms
    #: the addresses it names.
    link_by_email: bool = False


def read(home: Path) -> dict[str, Provider]:
    """Return the providers of HOME/oidc.toml, by the id that stands in their addresses.

    Raises SetupError naming what is wrong in the file. No file: none.
    """
    path = home / FILE
    try:
        content = tomllib.loads(path.read_text("utf-8"))
        tables = content.get("provider", {})
        return msgspec.convert(tables, dict[str, Provider])
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise SetupError(f"{path} is not usable: {error}") from error


def usable(home: Path) -> dict[str, Provider]:
    """Return the providers; none, and a line in the log, when the file is not usable."""
    try:
        return read(home)
    except SetupError as error:
        structlog.get_logger().error("providers_left_out", reason=str(error))
        return {}


def configuration(providers: Mapping[str, Provider]) -> dict[str, Any]:
    """Return allauth's setting for the providers."""
    apps = [
        {
            "provider_id": identifier,
            "name": provider.name,
            "client_id": provider.client_id,
            "secret": provider.client_secret,
            "settings": {"server_url": provider.server, "uid_field": provider.uid_claim},
        }
        for identifier, provider in providers.items()
    ]
    return {"APPS": apps, "OAUTH_PKCE_ENABLED": True}
