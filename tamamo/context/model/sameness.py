"""Whether two attribute instances say the same."""

from typing import Final

import orjson

from tamamo.context.model.entity import Instance

#: Members in which two instances may differ and yet say the same.
_TIMES: Final = frozenset({"createdAt", "modifiedAt"})


def same(one: Instance, other: Instance) -> bool:
    """Whether two instances say the same, whenever they were written."""
    for name, value in one.items():
        if name not in _TIMES and (name not in other or other[name] != value):
            return False
    for name in other:  # noqa: SIM110 - a generator costs as much as all the rest
        if name not in one and name not in _TIMES:
            return False
    return True


def repeats(instance: Instance, stored: Instance) -> bool:
    """Whether an instance without times says what a stored one says, to the letter.

    1 is neither true nor 1.0 then, also deep inside.
    """
    if not instance.items() <= stored.items():
        return False
    for name, value in instance.items():
        if type(value) is not str and orjson.dumps(value) != orjson.dumps(stored[name]):
            return False
    return len(stored) - len(_TIMES.intersection(stored)) == len(instance)
