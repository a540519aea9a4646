"""HOME/mqtt/<name>.toml: a broker, and which topics and values become which entities.

Every member is explained in docs/howto/connect-a-device.md.
"""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from tamamo.context.model.entity import DEFAULT_TENANT
from tamamo.feeds.mapping import Texts
from tamamo.feeds.mqtt.topics import Pattern
from tamamo.feeds.status import Declaration
from tamamo.kernel.errors import SetupError

#: Where in the home connections stand.
FOLDER: Final = "mqtt"
#: A connection that stands says so at least this often.
ALIVE: Final = timedelta(seconds=30)
#: Largest payload that is read, in bytes, unless the file says otherwise.
LARGEST: Final = 64 * 1024
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
#: As an entity's id: the place where a portable unit stood when it measured.
PLACE: Final = "place"


class Broker(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the MQTT broker is reached. Secrets are named by their file in HOME/secrets."""

    #: mqtt://host:1883 or mqtts://host:8883.
    url: str
    version: Literal["5", "3.1.1"] = "5"
    user: str = ""
    #: File in HOME/secrets with the password.
    password: str = ""
    #: Certificate of the authority that signed the broker's, where no well-known one did: a path,
    #: from the home.
    authority: str = ""
    #: Our own certificate and its key, where the broker asks for one: files in HOME/secrets.
    certificate: str = ""
    certificate_key: str = ""
    #: Its name at the broker; the default is made once and kept.
    client_id: str = ""
    #: Topics that are listened to besides those of the mappings, so that what nobody mapped shows.
    watch: list[str] = []
    #: Messages under way at once: what is not in the history yet and the broker keeps (MQTT 5).
    window: int = 1000
    #: Largest payload that is read, in bytes.
    largest: int = LARGEST
    #: For how long the broker keeps what comes while we are away (MQTT 5), in days.
    kept_days: float = 7.0

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
            raise ValueError("broker.url is mqtt://host:port or mqtts://host:port")
        if parts.username or parts.password:
            raise ValueError("broker.url holds no user: give broker.user, broker.password")
        if not 1 <= self.window <= 65_535:
            raise ValueError("broker.window lies between 1 and 65535")
        for text in self.watch:
            Pattern(text)

    @property
    def address(self) -> tuple[str, int, bool]:
        """Return host, port and whether TLS is spoken."""
        parts = urlsplit(self.url)
        tls = parts.scheme == "mqtts"
        return parts.hostname or "", parts.port or (8883 if tls else 1883), tls


class Attribute(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One value of a message and the attribute it becomes."""

    name: str
    #: Member of the payload, `a.b` for one within another; the attribute's name by default.
    member: str = msgspec.field(name="from", default="")
    #: The same value always instead of a member.
    constant: Any = None
    kind: Literal["Property", "Relationship"] = "Property"
    convert: Literal["number", "integer", "text", "boolean"] = "number"
    #: UN/CEFACT code of the unit, for example MTR.
    unit: str = ""
    #: A number n becomes factor · n + offset.
    factor: float = 1.0
    offset: float = 0.0
    #: Beyond these, after the conversion, a number is refused.
    minimum: float | None = None
    maximum: float | None = None
    #: {text of the payload: value}; a text that is not there is refused.
    values: dict[str, Any] = {}
    #: For a Relationship: makes the URN, "{}" stands for the value.
    target: str = "{}"
    #: Without it nothing of the message is used.
    required: bool = False
    #: Whose it is: the thing that is measured, or the device itself (battery, radio).
    of: Literal["entity", "device"] = "entity"

    @property
    def source(self) -> str:
        """Return the member it is read from."""
        return self.member or self.name


class Location(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Members of the payload with the place of what moves, degrees WGS 84."""

    latitude: str
    longitude: str


class Station(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of one device's station: where it stands, its name, its thresholds."""

    latitude: float | None = None
    longitude: float | None = None
    #: Further attributes as they are: {name: value}.
    attributes: dict[str, Any] = {}


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Messages of one kind: their topics, how they are read, what they become."""

    id: str
    name: Texts
    #: Levels in braces stand for anything: {device}, {key}, {attribute} and names of your own.
    topic: str
    format: Literal["json", "ultralight"] = "json"
    #: Where the device's key stands: in the topic's {key}, in the MQTT 5 user property `key`, in
    #: the payload's member `key`; or nowhere, because the broker itself checks who publishes.
    key: Literal["topic", "property", "payload", "broker"] = "topic"
    #: Entity type, a short name or an IRI.
    type: str
    #: Id of the entity, with names of the topic in braces; or {place} alone: the place where the
    #: portable unit stood.
    entity: str
    attributes: list[Attribute] = msgspec.field(name="attribute")
    #: Member with the time of the observation. Without it the time of arrival counts.
    time: str = "TimeInstant"
    time_format: Literal["rfc3339", "unix", "unix_ms"] = "rfc3339"
    #: A message without its own time is refused.
    time_required: bool = False
    #: Time zone of times that name none, such as Asia/Tokyo; without it they are refused.
    zone: str = ""
    #: Older readings are refused: a clock that starts at 1970 or 2000 after a power cut.
    oldest_days: float = 366.0
    location: Location | None = None
    stations: dict[str, Station] = {}
    #: Minutes between two messages of a device, as promised.
    interval: float | None = None
    #: Kinds of data it brings (tamamo/feeds/kinds.toml), for the list of sources.
    kinds: tuple[str, ...] = ()
    #: Who publishes it: become `dataProvider`, `source` and `license` of each entity.
    provider: str = ""
    source: str = ""
    licence: str = ""
    #: The town; the connection's by default.
    tenant: str = ""
    #: JSON-LD @context of the names; default the core context.
    context: str | None = None

    def __post_init__(self) -> None:
        where = f"mapping {self.id!r}"
        if not _NAME.fullmatch(self.id):
            raise ValueError(f"{where}: an id has small letters, digits and -")
        names = Pattern(self.topic).names
        if "device" not in names:
            raise ValueError(f"{where}: the topic needs a level {{device}}")
        if (self.key == "topic") != ("key" in names):
            raise ValueError(f'{where}: key = "topic" and a level {{key}} belong together')
        for name in _PLACEHOLDER.findall(self.entity):
            if name in ("key", "attribute") or (name not in names and not self.follows_place):
                raise ValueError(f"{where}: the topic has no {{{name}}} for the entity's id")
        if not self.attributes:
            raise ValueError(f"{where}: it has no attribute")
        if self.key == "payload" and self.format != "json":
            raise ValueError(f'{where}: key = "payload" is for JSON')
        if self.zone:
            try:
                ZoneInfo(self.zone)
            except (ZoneInfoNotFoundError, ValueError):
                raise ValueError(f"{where}: there is no zone {self.zone!r}") from None

    @property
    def follows_place(self) -> bool:
        """Whether its entity is the place where the unit stands."""
        return self.entity == f"{{{PLACE}}}"


class Connection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A file: one broker and its mappings, the first that fits counts."""

    name: Texts
    broker: Broker
    mappings: list[Mapping] = msgspec.field(name="mapping")
    tenant: str = DEFAULT_TENANT
    #: The file's name without its ending.
    id: str = ""

    def __post_init__(self) -> None:
        ids = [mapping.id for mapping in self.mappings]
        if len(set(ids)) < len(ids):
            raise ValueError("two mappings have the same id")

    def town(self, mapping: Mapping) -> str:
        """Return the tenant of a mapping."""
        return mapping.tenant or self.tenant

    def declaration(self) -> Declaration:
        """Return the connection as a feed: whether the broker is there."""
        return Declaration(
            id=f"mqtt-{self.id}",
            name_ja=self.name.ja,
            name_en=self.name.en,
            source=self.broker.url,
            licence="",
            # It says every few seconds that it stands: who does not is late, then silent.
            interval=ALIVE,
            tenant=self.tenant,
        )

    def declaration_of(self, mapping: Mapping) -> Declaration:
        """Return a mapping as a feed: what its devices bring."""
        minutes = mapping.interval
        return Declaration(
            id=f"mqtt-{self.id}-{mapping.id}",
            name_ja=mapping.name.ja,
            name_en=mapping.name.en,
            source=mapping.source or mapping.provider or self.broker.url,
            licence=mapping.licence,
            interval=None if minutes is None else timedelta(minutes=minutes),
            tenant=self.town(mapping),
            kinds=mapping.kinds,
        )


def files(home: Path) -> dict[str, Path]:
    """Return the files of connections by name."""
    found = sorted((home / FOLDER).glob("*.toml"))
    return {path.stem: path for path in found if not path.name.startswith(".")}


def load(path: Path) -> Connection:
    """Return what a file says. Raises SetupError naming the member at fault."""
    if not _NAME.fullmatch(path.stem):
        raise SetupError(f"{path}: a connection's name has small letters, digits and - only.")
    try:
        read = msgspec.toml.decode(path.read_bytes(), type=Connection)
    except OSError as error:
        raise SetupError(f"{path} cannot be read ({error.strerror}).") from error
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise SetupError(f"{path} is not right: {error}") from error
    return msgspec.structs.replace(read, id=path.stem)


def secret(home: Path, name: str) -> str:
    """Return the text of a secret's file. Raises SetupError, which never holds the secret."""
    try:
        return secret_path(home, name).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"The file {name!r} in {home / 'secrets'} cannot be read.") from error


def secret_path(home: Path, name: str) -> Path:
    """Return where a secret stands. Raises SetupError for a name that leads elsewhere."""
    if not name or Path(name).name != name:
        raise SetupError(f"{name!r} is no name of a file in {home / 'secrets'}.")
    return home / "secrets" / name
