"""Regular expressions of q and idPattern: one meaning in PostgreSQL and in Python, linear time.

The standard asks for IEEE 1003.2 expressions. The language taken here is that of POSIX extended
expressions with \\d \\w \\s, non-greedy repeats and (?:…): the part in which PostgreSQL's engine
and RE2 agree once classes are spelled out in ASCII. Back-references and look-around are refused:
they are no regular expressions and cost exponential time.
"""

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import re2

from tamamo.context.errors import BadRequestData, TooComplexQuery
from tamamo.context.query.text import check_text

MAX_LENGTH = 1_000
#: Largest count of a repeat (POSIX RE_DUP_MAX) and of repeats within repeats.
MAX_REPEAT = 255
MAX_NESTED_REPEAT = 1_000
MAX_DEPTH = 50

_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": r" \t",
    "cntrl": "\x01-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r" \t\n\r\f\v",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}
_SHORT = {"d": _CLASSES["digit"], "w": "0-9A-Za-z_", "s": _CLASSES["space"]}
_CONTROLS = "ntrfv"
_BOUND = re.compile(r"\{(\d{1,4})(?:(,)(\d{0,4}))?\}")
_OPTIONS = re2.Options()
_OPTIONS.dot_nl = True
_OPTIONS.log_errors = False
_OPTIONS.never_capture = True
#: Bytes; four times as many and one expression may take half a second to compile.
_OPTIONS.max_mem = 1 << 18


@dataclass(frozen=True)
class Regex:
    """A checked expression: `source` as given, `sql` and `search` with the same meaning."""

    source: str
    sql: str = field(repr=False)

    @cached_property
    def _compiled(self) -> Any:
        return re2.compile(self.sql, _OPTIONS)

    def search(self, text: str) -> bool:
        """Say whether the expression matches anywhere in the text."""
        return self._compiled.search(text) is not None


def parse(text: str, *, field: str, position: int = 0) -> Regex:
    """Check an expression and return it; `position` is where it stands in the parameter.

    Raises BadRequestData with the place of the fault, TooComplexQuery when it is too large.
    """
    check_text(text, field)
    if len(text) > MAX_LENGTH:
        raise TooComplexQuery(
            f"{field}: a regular expression of more than {MAX_LENGTH} characters", field=field
        )
    sql = _Reader(text, field, position).read()
    regex = Regex(text, sql)
    try:
        _ = regex._compiled
    except re2.error as error:
        raise TooComplexQuery(f"{field}: {text!r}: {error}", field=field) from error
    return regex


class _Reader:
    """Rewrites the expression token by token; the rules are the grammar both engines share."""

    def __init__(self, text: str, field: str, position: int) -> None:
        self.text, self.field, self.position = text, field, position
        self.at = 0
        self.depth = 0

    def error(self, what: str, at: int | None = None) -> BadRequestData:
        place = self.position + (self.at if at is None else at) + 1
        return BadRequestData(
            f"{self.field}: the regular expression {self.text!r} {what} at position {place}",
            field=self.field,
            position=place,
        )

    def read(self) -> str:
        prefix = ""
        if self.text.startswith("(?i)"):
            prefix, self.at = "(?i)", 4
        out, _ = self.branches()
        if self.at < len(self.text):
            raise self.error("has a ')' without its '('")
        # PostgreSQL reads a leading *** as a directive; the group keeps that from being written.
        return f"{prefix}(?:{out})"

    def branches(self) -> tuple[str, int]:
        """Read alternatives up to ')' or the end; return them and their largest repeat."""
        out, most = [], 1
        while self.at < len(self.text) and self.text[self.at] != ")":
            if self.text[self.at] == "|":
                out.append("|")
                self.at += 1
                continue
            piece, repeat = self.piece()
            out.append(piece)
            most = max(most, repeat)
        return "".join(out), most

    def piece(self) -> tuple[str, int]:
        start = self.at
        atom, repeat, repeatable = self.atom()
        quantifier, times = self.quantifier()
        if not quantifier:
            return atom, repeat
        if not repeatable:
            raise self.error("repeats an anchor", start)
        if self.at < len(self.text) and self.text[self.at] in "*+?{":
            raise self.error("has two repeats in a row")
        if repeat * times > MAX_NESTED_REPEAT:
            raise self.error(f"repeats within repeats more than {MAX_NESTED_REPEAT} times", start)
        return atom + quantifier, repeat * times

    def atom(self) -> tuple[str, int, bool]:
        character = self.text[self.at]
        if character in "*+?{":
            raise self.error(f"has a {character!r} with nothing to repeat")
        if character == "(":
            inner, repeat = self.group()
            return f"(?:{inner})", repeat, True
        if character == "[":
            return self.bracket(), 1, True
        if character == "\\":
            return self.escape(), 1, True
        self.at += 1
        if character in "^$":
            return character, 1, False
        if character in "}]":
            return f"\\{character}", 1, True
        return character, 1, True

    def group(self) -> tuple[str, int]:
        start = self.at
        self.at += 1
        if self.text.startswith("?", self.at):
            if not self.text.startswith("?:", self.at):
                raise self.error("uses a group other than (…) and (?:…)", start)
            self.at += 2
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(f"nests groups deeper than {MAX_DEPTH}", start)
        inner, repeat = self.branches()
        if self.at >= len(self.text):
            raise self.error("has a '(' without its ')'", start)
        self.at += 1
        self.depth -= 1
        return inner, repeat

    def escape(self, inside: bool = False) -> str:
        start = self.at
        letter = self.text[self.at + 1 : self.at + 2]
        self.at += 2
        if letter in _CONTROLS and letter:
            return f"\\{letter}"
        if letter in _SHORT:
            return _SHORT[letter] if inside else f"[{_SHORT[letter]}]"
        if letter.lower() in _SHORT and not inside:
            return f"[^{_SHORT[letter.lower()]}]"
        if not letter or letter.isalnum():
            raise self.error(f"has an unknown escape {self.text[start : start + 2]!r}", start)
        # Both engines take a backslash before ASCII punctuation as that character.
        return f"\\{letter}" if letter.isascii() and not letter.isspace() else letter

    def quantifier(self) -> tuple[str, int]:
        character = self.text[self.at : self.at + 1]
        times = 1
        if character == "{":
            bound = _BOUND.match(self.text, self.at)
            if bound is None:
                raise self.error("has a '{' that begins no {m}, {m,} or {m,n}")
            low = int(bound[1])
            high = int(bound[3]) if bound[3] else low
            if high > MAX_REPEAT or low > high:
                raise self.error(f"has a repeat not within 0 … {MAX_REPEAT}")
            out, times = bound.group(), max(high, 1)
        elif character and character in "*+?":
            out = character
        else:
            return "", 1
        self.at += len(out)
        if self.text.startswith("?", self.at):  # as few as possible: the same matches
            self.at += 1
        return out, times

    def bracket(self) -> str:
        start = self.at
        self.at += 1
        out = "["
        if self.text.startswith("^", self.at):
            out, self.at = "[^", self.at + 1
        first = True
        while first or not self.text.startswith("]", self.at):
            if self.at >= len(self.text):
                raise self.error("has a '[' without its ']'", start)
            out += self.bracket_item()
            first = False
        self.at += 1
        return out + "]"

    def bracket_item(self) -> str:
        for opening in ("[:", "[.", "[="):
            if self.text.startswith(opening, self.at):
                return self.named_class()
        start = self.at
        low, is_set = self.bracket_character()
        if not self.text.startswith("-", self.at) or self.text.startswith("-]", self.at):
            return low
        self.at += 1
        if self.at >= len(self.text) or self.text.startswith("[", self.at):
            raise self.error("has a range without an end", start)
        high, high_is_set = self.bracket_character()
        if is_set or high_is_set or _value(low) > _value(high):
            raise self.error("has a range whose ends do not fit", start)
        return f"{low}-{high}"

    def bracket_character(self) -> tuple[str, bool]:
        character = self.text[self.at]
        if character == "\\":
            letter = self.text[self.at + 1 : self.at + 2]
            if letter in ("D", "W", "S"):
                raise self.error("has a negated class within brackets")
            return self.escape(inside=True), letter in _SHORT
        self.at += 1
        return (f"\\{character}" if character in "[]^-" else character), False

    def named_class(self) -> str:
        end = self.text.find(":]", self.at)
        name = self.text[self.at + 2 : end] if end > 0 else ""
        if self.text[self.at + 1] != ":" or name not in _CLASSES:
            raise self.error(f"has a class that is none of {', '.join(_CLASSES)}")
        self.at = end + 2
        return _CLASSES[name]


def _value(character: str) -> int:
    """Return the code point of a bracket's character, escaped or not."""
    if len(character) == 1:
        return ord(character)
    return {"n": 10, "t": 9, "r": 13, "f": 12, "v": 11}.get(character[1], ord(character[1]))
