"""A browser as RFC 8291 describes it: it has keys, and reads what was encrypted for them.

Written from the RFC, apart from the code that encrypts.
"""

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def hkdf(salt: bytes, keying: bytes, info: bytes, length: int) -> bytes:
    """One block of HKDF (RFC 5869), which is enough for 32 bytes."""
    extracted = hmac.new(salt, keying, hashlib.sha256).digest()
    return hmac.new(extracted, info + b"\x01", hashlib.sha256).digest()[:length]


class Browser:
    """Has subscribed at a push service."""

    def __init__(
        self,
        endpoint: str,
        key: ec.EllipticCurvePrivateKey | None = None,
        auth: bytes = b"sixteen secrets!",
    ) -> None:
        self.endpoint = endpoint
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.auth = auth

    @property
    def public(self) -> bytes:
        return self.key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )

    def document(self) -> str:
        keys = {"p256dh": base64url(self.public), "auth": base64url(self.auth)}
        return json.dumps({"endpoint": self.endpoint, "expirationTime": None, "keys": keys})

    def decrypt(self, body: bytes) -> bytes:
        salt, size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
        assert len(body) <= size == 4096
        theirs, sealed = body[21 : 21 + length], body[21 + length :]
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs)
        shared = self.key.exchange(ec.ECDH(), point)
        info = b"WebPush: info\x00" + self.public + theirs
        keying = hkdf(self.auth, shared, info, 32)
        key = hkdf(salt, keying, b"Content-Encoding: aes128gcm\x00", 16)
        nonce = hkdf(salt, keying, b"Content-Encoding: nonce\x00", 12)
        plain = AESGCM(key).decrypt(nonce, sealed, None)
        assert plain[-1:] == b"\x02", "the last record ends with 2"
        return plain[:-1]

    def read(self, body: bytes) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.decrypt(body))
        return found
