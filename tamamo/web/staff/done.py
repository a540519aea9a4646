"""What the last step did, said at the top of the next page."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Done:
    """A banner. kind: success, info or warning. undo: where the undo button sends its form."""

    kind: str
    text: str
    detail: str = ""
    undo: str = ""
