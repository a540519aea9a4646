"""Web Push's encryption (RFC 8291 over RFC 8188) and the sender's token (RFC 8292, VAPID)."""

import base64
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tamamo.kernel.home import explain

#: Bytes a push service takes at most (RFC 8030, 7.2), and what of them is not payload.
LARGEST: Final = 4096
_OVERHEAD: Final = 103
#: Hours for which a token holds; at most 24 (RFC 8292, 2).
_TOKEN_LIFE: Final = timedelta(hours=12)
_KEY_FILE: Final = "vapid-key.pem"


def encrypt(
    payload: bytes,
    p256dh: bytes,
    auth: bytes,
    *,
    own: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """Return the body of a push message (content coding aes128gcm, one record).

    p256dh: the browser's public key, an uncompressed point of 65 bytes; auth: its secret of 16. own
    and salt: for tests; otherwise new ones each time. Raises ValueError for keys that are none.
    """
    own = own or ec.generate_private_key(ec.SECP256R1())
    salt = salt or os.urandom(16)
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), p256dh)
    ours = _point(own.public_key())
    # RFC 8291, 3.3 and 3.4
    shared = own.exchange(ec.ECDH(), theirs)
    keying = _derive(shared, auth, b"WebPush: info\0" + p256dh + ours, 32)
    key = _derive(keying, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derive(keying, salt, b"Content-Encoding: nonce\0", 12)
    # RFC 8188, 2: 2 ends the last record.
    sealed = AESGCM(key).encrypt(nonce, payload + b"\x02", None)
    return salt + LARGEST.to_bytes(4, "big") + bytes([len(ours)]) + ours + sealed


def room() -> int:
    """Return how many bytes a payload may have."""
    return LARGEST - _OVERHEAD


def vapid_key(home: Path) -> ec.EllipticCurvePrivateKey:
    """Return the installation's key as a sender, made at the first call (HOME/secrets).

    Browsers subscribe to this key alone: when it is lost, all have to subscribe anew.
    """
    path = home / "secrets" / _KEY_FILE
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
        found = serialization.load_pem_private_key(path.read_bytes(), None)
    except OSError as error:
        raise explain(error, path) from error
    assert isinstance(found, ec.EllipticCurvePrivateKey)
    return found


def _make(path: Path) -> None:
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    # Linked into place, so that a second process starting now never reads half a key.
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def public_text(key: ec.EllipticCurvePrivateKey) -> str:
    """Return the public key as browsers and push services take it: base64url of the point."""
    return to_text(_point(key.public_key()))


def authorization(
    key: ec.EllipticCurvePrivateKey, endpoint: str, subject: str, now: datetime
) -> str:
    """Return the Authorization header for a push service. subject: whom it can write to."""
    import jwt  # noqa: PLC0415 - loaded when the first push goes out

    parts = urlsplit(endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": int((now + _TOKEN_LIFE).timestamp()),
        "sub": subject,
    }
    token = jwt.encode(claims, key, algorithm="ES256")
    return f"vapid t={token}, k={public_text(key)}"


def from_text(text: str) -> bytes:
    """Return what base64url stands for, with padding or without. Raises ValueError."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def to_text(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )


def _derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)
