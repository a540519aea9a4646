"""Heavy modules that the libraries name but no page here needs.

The tables of the tokens import the whole of cryptography for keys of an OpenID provider, which
this installation is not: that comes when it is first used. The second factor imports fido2 for
passkeys, which are not offered (and fido2 is not even installed): in its place stands an empty
module. Left alone that is a fifth of a web worker's memory.
"""

import importlib
import importlib.util
import sys
from types import ModuleType

LATE = "jwcrypto.jwk"
NEVER = "allauth.mfa.webauthn.internal.auth"


def put_off() -> None:
    """Put a module that loads itself at the first look in place of LATE, unless it is there."""
    if LATE in sys.modules:
        return
    spec = importlib.util.find_spec(LATE)
    assert spec is not None and spec.loader is not None
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[LATE] = module
    spec.loader.exec_module(module)
    _attach(module)


def leave_out() -> None:
    """Put an empty module in place of NEVER. After Django has loaded its apps."""
    if NEVER not in sys.modules:
        sys.modules[NEVER] = module = ModuleType(NEVER, "Passkeys are not offered.")
        # Stands in a table of all kinds of second factors; there is never one of this kind.
        module.WebAuthn = None  # type: ignore[attr-defined]
        _attach(module)


def _attach(module: ModuleType) -> None:
    parent, _, child = module.__name__.rpartition(".")
    setattr(importlib.import_module(parent), child, module)
