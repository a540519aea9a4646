"""Heavy modules that the models name but no page needs: loaded when first used.

The tables of the tokens import the whole of cryptography for keys of an OpenID provider, which
this installation is not. Left alone that is a tenth of a web worker's memory.
"""

import importlib.util
import sys

MODULES = ("jwcrypto.jwk",)


def install() -> None:
    """Put a module that loads itself at the first look in place of each that is not there yet."""
    for name in MODULES:
        if name in sys.modules:
            continue
        spec = importlib.util.find_spec(name)
        assert spec is not None and spec.loader is not None
        spec.loader = importlib.util.LazyLoader(spec.loader)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        parent, _, child = name.rpartition(".")
        setattr(sys.modules[parent], child, module)
