"""Headers that are found at once mean what Starlette's mean."""

from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.datastructures import Headers

from tamamo.kernel.incoming import Incoming, QuickHeaders

NAMES = ("accept", "link", "prefer", "ngsild-tenant")
SENT = st.lists(st.tuples(st.sampled_from(NAMES), st.text("aé,;=", max_size=4)), max_size=6)


@given(SENT)
@settings(max_examples=100)
def test_they_are_those_of_starlette(sent: list[tuple[str, str]]) -> None:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in sent]
    scope = {"type": "http", "headers": raw}
    ours, theirs = QuickHeaders(scope), Headers(scope=scope)
    for name in (*NAMES, "Accept", "NGSILD-Tenant", "host"):
        assert ours.get(name) == theirs.get(name)
        assert ours.get(name, "") == theirs.get(name, "")
        assert (name in ours) == (name in theirs)
        assert ours.getlist(name) == theirs.getlist(name)
    assert ours == theirs
    assert Incoming(scope).headers == theirs
