"""What an action answers when it cannot do what was asked, in CKAN's words and with its status.

ckanapi makes exceptions of them by `__type`.
"""

from typing import Any


class ActionError(Exception):
    """status: of HTTP. kind: `__type` of the error."""

    status = 400
    kind = "Internal Server Error"

    def body(self) -> dict[str, Any]:
        """Return the member `error` of the answer."""
        return {"__type": self.kind, "message": str(self)}


class NotFound(ActionError):
    """There is no such dataset, resource, organization or group."""

    status, kind = 404, "Not Found Error"

    def __init__(self, what: str = "") -> None:
        super().__init__(f"Not found: {what}" if what else "Not found")


class ValidationError(ActionError):
    """A parameter is missing, or is not what it should be."""

    status, kind = 409, "Validation Error"

    def __init__(self, parameter: str, text: str) -> None:
        super().__init__(f"{parameter}: {text}")
        self._parameter = parameter
        self._text = text

    def body(self) -> dict[str, Any]:
        """Return the faults by parameter."""
        return {self._parameter: [self._text], "__type": self.kind}


class SearchError(ActionError):
    """A search asks for something this catalogue cannot be searched by."""

    status, kind = 400, "Search Query Error"

    def __init__(self, text: str) -> None:
        super().__init__(f"Search Query is invalid: {text}")


class TooMany(ActionError):
    """The client asks more often than it may."""

    status, kind = 429, "Too Many Requests"
