"""JMA's servers in a test: what stands at an address, with ETags and failures."""

from tamamo.kernel.outgoing import Answer, OutgoingError
from tests.conftest import ROOT

#: Answers of the agency, written by us in its formats.
RECORDED = ROOT / "tamamo/projects/disaster_watch/tests/recorded"
FEED = "https://jma.example/feed/"
DATA = "https://jma.example/data/"


class Publisher:
    """Answers from `files`; an address that is not there is 404, an exception is raised."""

    def __init__(self) -> None:
        self.files: dict[str, bytes | Exception] = {}
        self.asked: list[str] = []
        self.unchanged = 0

    async def get(self, url: str, **_: object) -> Answer:
        return await self.request("GET", url)

    async def request(self, method: str, url: str, *, headers=None, **_: object) -> Answer:
        self.asked.append(url)
        body = self.files.get(url)
        if isinstance(body, Exception):
            raise body
        if body is None:
            return Answer(404, {}, b"", url)
        etag = f'"{hash(body)}"'
        if (headers or {}).get("If-None-Match") == etag:
            self.unchanged += 1
            return Answer(304, {}, b"", url)
        return Answer(200, {"ETag": etag}, body, url)

    def publish(self, *telegrams: tuple[str, str, bytes], feed: str = "extra") -> None:
        """Put telegrams (name, title, body) at their addresses and into the Atom feeds."""
        entries = ""
        for name, title, body in telegrams:
            self.files[DATA + name] = body
            entries += (
                f"<entry><title>{title}</title><id>{DATA}{name}</id>"
                f"<updated>2026-07-01T01:00:{len(entries) % 60:02}Z</updated>"
                f"<author><name>高松地方気象台</name></author>"
                f'<link type="application/xml" href="{DATA}{name}"/>'
                '<content type="text">【香川県気象警報・注意報】</content></entry>'
            )
        body = f'<feed xmlns="http://www.w3.org/2005/Atom"><title>随時</title>{entries}</feed>'
        for name in (f"{feed}.xml", f"{feed}_l.xml"):
            self.files[FEED + name] = body.encode()

    def lose(self) -> None:
        """Answer nothing any more."""
        self.files = dict.fromkeys(self.files, OutgoingError("no answer within 10 s"))
