"""Settings: environment variables `TAMAMO_*` and `DATABASE_URL`, overridden by CLI options.

One frozen value is made at start and handed down; nothing reads the environment later.
"""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from tamamo.kernel.errors import SetupError

ENV_PREFIX = "TAMAMO_"
MEBIBYTE = 1024 * 1024


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything an installation can set. The environment name is the field in capitals."""

    #: Directory of everything this installation keeps (database, secrets, rejects).
    home: Path = Path(".tamamo")
    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 1
    #: Address at which others reach this installation, such as https://data.example.jp; for what
    #: tells other brokers where to answer. None: as each client reached it.
    public_url: str | None = None
    #: No key needed for the broker's writes; loopback only, for tests.
    open: bool = False
    #: PostgreSQL ≥ 16. None: the embedded server under `home`.
    database_url: str | None = None
    #: Connections a process keeps to the database at most.
    pool_size: int = 8
    #: Largest request body in bytes.
    max_body: int = 16 * MEBIBYTE
    #: Seconds within which a request body must have arrived.
    body_seconds: float = 60.0
    #: Addresses that outgoing requests may reach although they are private (host or CIDR).
    outgoing_allow: tuple[str, ...] = ()
    #: Hosts that outgoing requests never reach.
    outgoing_deny: tuple[str, ...] = ()
    #: Whether queries that do not say so are for entities spread over sources (splitEntities).
    split_entities: bool = False
    #: Origins whose pages may use the APIs from a browser (https://app.example.jp); `*`: any.
    cors_origins: tuple[str, ...] = ()
    #: Whether anybody may make an account (residents). Staff are invited by the operator.
    sign_up: bool = True
    #: Minutes without a request after which a session ends, and hours after which it does anyway.
    session_idle_minutes: float = 60.0
    session_hours: float = 12.0
    #: Whether accounts with a staff role need a second factor before they may use it.
    staff_second_factor: bool = False
    #: The server that takes mail (host or host:port), and how to speak to it: plain, starttls, tls.
    #: None: mail is kept in HOME/mail and nobody receives it.
    mail_server: str | None = None
    mail_security: str = "starttls"
    mail_user: str | None = None
    mail_password: str | None = None
    mail_from: str = "tamamo@localhost"
    #: Requests a minute that one process takes of one actor with a key, of one address without
    #: one, and tries to sign in or to get a token of one address; 0: as many as come.
    actor_rate: int = 60_000
    address_rate: int = 6_000
    sign_in_rate: int = 60
    #: Proxies whose X-Forwarded-For says where a request comes from (address or CIDR).
    trusted_proxies: tuple[str, ...] = ()
    #: Largest body of a form with files, in bytes.
    max_upload: int = 64 * MEBIBYTE
    #: Feeds that are on where no operator says otherwise: ids, or id@town.
    feeds: tuple[str, ...] = ()
    #: When `tamamo work` makes a backup each day, such as "03:30", Japan's time. None: never.
    backup_at: str | None = None
    #: Where backups go. None: `backups` in the home.
    backup_folder: str | None = None
    #: How many of those made by themselves or on the console are kept.
    backup_keep: int = 14
    log_level: str = "info"
    #: "json" for machines, "text" for a terminal, "auto" by whether stderr is one.
    log_format: str = "auto"


def load(overrides: Mapping[str, object] | None = None) -> Settings:
    """Return the settings of this process.

    overrides: values from CLI options; None values are ignored.
    Raises SetupError naming the variable when a value has the wrong type.
    """
    values: dict[str, object] = {}
    for field in msgspec.structs.fields(Settings):
        variable = (
            "DATABASE_URL" if field.name == "database_url" else ENV_PREFIX + field.name.upper()
        )
        text = os.environ.get(variable, "")
        if not text:
            continue
        raw: object = text.split(",") if field.type == tuple[str, ...] else text
        try:
            values[field.name] = (
                Path(text) if field.type is Path else msgspec.convert(raw, field.type, strict=False)
            )
        except msgspec.ValidationError as error:
            raise SetupError(f"{variable}={text!r} is not usable: {error}") from error
    values.update({k: v for k, v in (overrides or {}).items() if v is not None})
    return msgspec.structs.replace(Settings(), **values)


def installation_url(settings: Settings) -> str:
    """Return where others reach this installation, without a slash at the end.

    Never from a request's Host header: a link built of it would lead wherever somebody wants.
    """
    if settings.public_url:
        return settings.public_url.rstrip("/")
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}"
