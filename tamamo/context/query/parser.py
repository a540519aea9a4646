"""Reads the query language `q` (clause 4.9) into its tree.

Beyond the grammar of 4.9: parentheses within parentheses (its own examples use them), `!a` for an
attribute that is absent, names as full IRIs, patterns with or without quotation marks.
"""

from collections.abc import Collection, Iterator

from tamamo.context.errors import TooComplexQuery
from tamamo.context.query import logic, paths, values
from tamamo.context.query.paths import EntityTime, Path
from tamamo.context.query.regex import Regex
from tamamo.context.query.regex import parse as parse_regex
from tamamo.context.query.text import Cursor, Terms
from tamamo.context.query.tree import (
    Absent,
    Compare,
    Exists,
    Match,
    Node,
    Term,
    Unequal,
    last,
)
from tamamo.context.query.values import Range, Value

MAX_LENGTH = 64 * 1024
MAX_VALUES = 500

_OPERATORS = ("==", "!=", ">=", "<=", ">", "<")


def parse(
    text: str, terms: Terms, *, expand_values: Collection[str] = (), field: str = "q"
) -> Node:
    """Return the tree of a query.

    expand_values: names of attributes whose values in the query are terms of the @context (4.9).
    Raises BadRequestData with the place of the fault, TooComplexQuery beyond the bounds.
    """
    if len(text) > MAX_LENGTH:
        raise TooComplexQuery(f"{field}: longer than {MAX_LENGTH} characters", field=field)
    expanded = frozenset(terms.expand_term(name) for name in expand_values)
    parser = _Parser(Cursor(text, field), terms, expanded)
    return logic.parse(parser.cursor, parser.term)


class _Parser:
    def __init__(self, cursor: Cursor, terms: Terms, expanded: frozenset[str]) -> None:
        self.cursor, self.terms, self.expanded = cursor, terms, expanded
        self.count = 0

    def term(self) -> Term:
        if self.cursor.take("!"):
            return Absent(paths.parse(self.cursor, self.terms))
        path = paths.parse(self.cursor, self.terms)
        pattern = self.cursor.take("!~=", "~=")
        if pattern:
            return Match(path, self.regex(), pattern == "!~=")
        operator = self.cursor.take(*_OPERATORS)
        if operator is None:
            return Exists(path)
        found = tuple(self.coerce(path, value) for value in self.values(operator))
        if operator == "!=":
            return Unequal(path, found)
        return Compare(path, operator, found)  # type: ignore[arg-type]

    def values(self, operator: str) -> Iterator[Value | Range]:
        """Read the value, or after == and != a range or a list of values."""
        self.cursor.skip_spaces()
        start = self.cursor.at
        value = values.parse(self.cursor)
        if operator not in ("==", "!="):
            if isinstance(value, Range) or not value.ordered or self.cursor.peek(","):
                raise self.cursor.error(f"one number, quoted text or time after {operator}", start)
            yield value
            return
        yield value
        if isinstance(value, Range):
            return
        while self.cursor.take(","):
            self.count += 1
            if self.count > MAX_VALUES:
                raise self.cursor.too_complex(f"more than {MAX_VALUES} values")
            self.cursor.skip_spaces()
            start = self.cursor.at
            value = values.parse(self.cursor)
            if isinstance(value, Range):
                raise self.cursor.error("a value: a list holds no ranges", start)
            yield value

    def coerce(self, path: Path, value: Value | Range) -> Value | Range:
        """Give the value the data type its target calls for."""
        if isinstance(value, Range):
            low, high = self.coerce(path, value.low), self.coerce(path, value.high)
            if type(low) is type(high) and not isinstance(low, Range | values.Uri):
                return Range(low, high)  # type: ignore[arg-type]
            return value
        if not isinstance(value, values.Text):
            return value
        end = last(path)
        if isinstance(end, EntityTime) or end.member in paths.TIME_MEMBERS:
            moment = values.moment_of(value.value)
            return values.Moment(moment) if moment else value
        if end.member is None and self.expanded & set(end.names[-1:]):
            return values.Uri(self.terms.expand_vocab_value(value.value))
        return value

    def regex(self) -> Regex:
        """Read a pattern: in quotation marks, or up to what ends the condition."""
        cursor = self.cursor
        cursor.skip_spaces()
        start = cursor.at
        if cursor.take('"'):
            start, pieces = cursor.at, []
            while not cursor.text.startswith('"', cursor.at):
                if cursor.at >= len(cursor.text):
                    raise cursor.error('a pattern closed by "', start - 1)
                size = 2 if cursor.text.startswith("\\", cursor.at) else 1
                piece = cursor.text[cursor.at : cursor.at + size]
                # Only the quotation mark is escaped for the query; all else is the pattern's.
                pieces.append('"' if piece == '\\"' else piece)
                cursor.at += size
            cursor.at += 1
            return parse_regex("".join(pieces), field=cursor.field, position=start)
        end = _end_of_pattern(cursor.text, start)
        if end == start:
            raise cursor.error("a regular expression")
        cursor.at = end
        return parse_regex(cursor.text[start:end].rstrip(" "), field=cursor.field, position=start)


def _end_of_pattern(text: str, start: int) -> int:
    """Return where a pattern without quotation marks ends: at ; | or ) outside its own brackets."""
    at, depth, in_brackets = start, 0, False
    while at < len(text):
        character = text[at]
        if character == "\\":
            at += 1
        elif in_brackets:
            in_brackets = character != "]"
        elif character == "[":
            in_brackets = True
        elif character == "(":
            depth += 1
        elif depth and character == ")":
            depth -= 1
        elif not depth and character in ";|)":
            break
        at += 1
    return min(at, len(text))
