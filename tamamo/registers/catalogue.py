"""Where declarations are found: those of the platform and those of the project folders."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

import msgspec

from tamamo.kernel.errors import SetupError
from tamamo.registers.check import Fault, faults_of
from tamamo.registers.declaration import Declaration, Register

PACKAGE = Path(str(files("tamamo.registers"))).parent
_AT = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")


def declared_files(package: Path = PACKAGE) -> Iterator[Path]:
    """Yield the files of all declarations: the platform's, then the projects'."""
    yield from sorted((package / "registers" / "declared").glob("*.toml"))
    yield from sorted((package / "projects").glob("*/registers/*.toml"))


def read(file: Path) -> tuple[Register | None, list[Fault]]:
    """Return a register, or what is wrong with its file."""
    try:
        declaration = msgspec.toml.decode(file.read_bytes(), type=Declaration)
    except msgspec.ValidationError as error:
        at = _AT.search(str(error))
        path = at["path"] if at else ""
        return None, [Fault(file, path, _AT.sub("", str(error)))]
    except (msgspec.DecodeError, ValueError, OSError) as error:
        return None, [Fault(file, "", str(error))]
    register = Register(declaration, str(file))
    faults = list(faults_of(register, file))
    return (None if faults else register), faults


def read_all(paths: Iterable[Path]) -> tuple[dict[str, Register], list[Fault]]:
    """Return the registers that are right, by id, and the faults of all files."""
    registers: dict[str, Register] = {}
    faults: list[Fault] = []
    for path in paths:
        register, found = read(path)
        faults += found
        if register is None:
            continue
        if register.id in registers:
            other = registers[register.id].file
            faults.append(Fault(path, "id", f'"{register.id}" is taken by {other}'))
        registers.setdefault(register.id, register)
    return registers, faults


@cache
def declared() -> Mapping[str, Register]:
    """Return all declared registers by id. Raises SetupError naming file and member at fault."""
    registers, faults = read_all(declared_files())
    if faults:
        raise SetupError("; ".join(fault.line() for fault in faults))
    return registers
