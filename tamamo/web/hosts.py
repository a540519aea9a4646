"""Which names in a request's Host header the web faces answer to."""

from urllib.parse import urlsplit

from tamamo.kernel.settings import Settings

#: This machine's own names: a probe, a proxy, or somebody at the machine.
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


def allowed_hosts(installation: Settings) -> list[str]:
    """Return Django's ALLOWED_HOSTS: the public name and loopback, or any without a public name."""
    public = urlsplit(installation.public_url or "").hostname
    if not public:
        return ["*"]
    named = f"[{public}]" if ":" in public else public
    return sorted({named, *_LOOPBACK})
