"""Reading the query languages: a cursor over the text, names, JSON strings, and clear errors."""

import re
from collections.abc import Iterable
from typing import Any, Protocol

import orjson

from tamamo.context.errors import BadRequestData, TooComplexQuery

#: Members of the JSON-LD representation that are never attributes (clauses 4.5.1, 4.8, 5.2.4).
ENTITY_MEMBERS = frozenset({"id", "type", "scope"})
ENTITY_TIMES = frozenset({"createdAt", "modifiedAt", "deletedAt", "expiresAt"})

#: An attribute's or type's name: 4.6.2, with `prefix:name`. \\w is letters, numbers and _.
_NAME = re.compile(r"[^\W\d_]\w*(?::[^\W\d_][\w-]*)?")
#: A name given as an IRI ends where an operator or a bracket begins.
_IRI = re.compile(
    r"(?:https?://|urn:)[^\s\x00-\x1f\ud800-\udfff;|,=!<>~()\[\]{}\"]+", re.IGNORECASE
)
_JSON_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


class Terms(Protocol):
    """What the languages need of a resolved @context (clause 5.5.7)."""

    def expand_term(self, name: str, /) -> str:
        """Return the IRI of an attribute's name."""
        ...

    def expand_type(self, name: str, /) -> str:
        """Return the IRI of an entity type's name."""
        ...

    def expand_vocab_value(self, value: str, /) -> str:
        """Return the IRI of a value that is a term of the vocabulary."""
        ...


class Cursor:
    """A position in a query text; errors name the parameter, the position and what was expected."""

    def __init__(self, text: str, field: str) -> None:
        check_text(text, field)
        self.text = text
        self.field = field
        self.at = 0

    def error(self, expected: str, at: int | None = None) -> BadRequestData:
        """Return the error for this place: position (from 1), what stands there, what should."""
        at = self.at if at is None else at
        found = repr(self.text[at : at + 20]) if at < len(self.text) else "the end"
        return BadRequestData(
            f"{self.field}: expected {expected} at position {at + 1}, found {found}",
            field=self.field,
            position=at + 1,
        )

    def too_complex(self, what: str) -> TooComplexQuery:
        """Return the error for a text that is well formed but beyond a bound."""
        return TooComplexQuery(f"{self.field}: {what}", field=self.field)

    def skip_spaces(self) -> None:
        """Step over spaces, which mean nothing between tokens."""
        while self.text.startswith(" ", self.at):
            self.at += 1

    def done(self) -> bool:
        """Say whether nothing but spaces is left."""
        self.skip_spaces()
        return self.at >= len(self.text)

    def peek(self, token: str) -> bool:
        """Say whether the token stands here."""
        self.skip_spaces()
        return self.text.startswith(token, self.at)

    def take(self, *tokens: str) -> str | None:
        """Step over the first of the tokens that stands here and return it."""
        self.skip_spaces()
        for token in tokens:
            if self.text.startswith(token, self.at):
                self.at += len(token)
                return token
        return None

    def expect(self, token: str) -> None:
        """Step over the token or raise."""
        if self.take(token) is None:
            raise self.error(f"'{token}'")

    def pattern(self, regex: re.Pattern[str], expected: str) -> str:
        """Step over what the regex matches here and return it, or raise."""
        self.skip_spaces()
        match = regex.match(self.text, self.at)
        if match is None:
            raise self.error(expected)
        self.at = match.end()
        return match.group()

    def name(self, expected: str = "a name") -> str:
        """Return a short name, `prefix:name`, or an http(s) or urn IRI."""
        self.skip_spaces()
        match = _IRI.match(self.text, self.at) or _NAME.match(self.text, self.at)
        if match is None:
            raise self.error(expected)
        self.at = match.end()
        return match.group()

    def until(self, stops: str) -> str:
        """Return everything before the next of these characters, without spaces around."""
        start = self.at
        while self.at < len(self.text) and self.text[self.at] not in stops:
            self.at += 1
        return self.text[start : self.at].strip(" ")

    def json_string(self) -> str:
        """Return the value of the JSON string that begins here (RFC 8259, section 7)."""
        start = self.at
        raw = self.pattern(_JSON_STRING, 'a text closed by "')
        try:
            value: str = orjson.loads(raw)
        except orjson.JSONDecodeError:
            raise self.error("a text by the rules of JSON strings", start) from None
        if "\0" in value:
            raise self.error("a text without U+0000", start)
        return value


def check_text(text: str, field: str) -> None:
    """Raise BadRequestData on what no stored text can hold: U+0000 and lone surrogates."""
    if "\0" not in text:
        try:
            text.encode()  # many times faster than looking at each character
        except UnicodeEncodeError:
            pass
        else:
            return
    raise BadRequestData(f"{field}: holds U+0000 or half a character", field=field)


def expand_name(name: str, terms: Terms) -> str:
    """Return the attribute IRI of a name; the members of entities stay as they are."""
    if name in ENTITY_MEMBERS or name in ENTITY_TIMES:
        return name
    return terms.expand_term(name)


def is_name(text: str) -> bool:
    """Say whether the text is a name of clause 4.6.2 or an IRI."""
    return bool(_NAME.fullmatch(text) or _IRI.fullmatch(text))


def names_of(value: Any, field: str) -> tuple[str, ...]:
    """Return the members of a comma separated list or of a JSON array of strings.

    Raises BadRequestData when there is none, or when one is empty or no text.
    """
    items: Iterable[Any] = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, (list, tuple)) or not items:
        raise BadRequestData(f"{field}: expected a list of names", field=field)
    names = []
    for at, item in enumerate(items, start=1):
        name = item.strip() if isinstance(item, str) else None
        if not name:
            raise BadRequestData(f"{field}: item {at} is empty or no text", field=field)
        check_text(name, field)
        names.append(name)
    return tuple(names)


def bind(params: dict[str, Any], value: Any) -> str:
    """Add a value under a name of its own and return its placeholder."""
    name = f"p{len(params)}"
    while name in params:
        name = f"_{name}"
    params[name] = value
    return f"%({name})s"
