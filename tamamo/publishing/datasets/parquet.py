"""Lines of JSON into Parquet, in a process of its own.

`python -m tamamo.publishing.datasets.parquet` reads a line with the columns and then a line a row
from standard input, and writes the file to standard output.
"""

import asyncio
import sys
from collections.abc import Iterator
from itertools import islice
from typing import IO, Any, Final

import orjson

#: Rows of one row group.
_GROUP: Final = 50_000
_SECONDS: Final = 300


async def convert(lines: IO[bytes], file: IO[bytes]) -> None:
    """Convert `lines` into `file`, both open files of the system. Raises OSError."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, stdin=lines, stdout=file, stderr=asyncio.subprocess.PIPE
    )
    try:
        _, said = await asyncio.wait_for(process.communicate(), _SECONDS)
    except BaseException:
        if process.returncode is None:
            process.kill()
        raise
    if process.returncode:
        raise OSError(f"Parquet could not be written: {said.decode('utf-8', 'replace')[-500:]}")


def main() -> None:
    """Convert standard input."""
    import pyarrow as pa  # noqa: PLC0415 - only this process needs it
    import pyarrow.parquet as pq  # noqa: PLC0415

    source = sys.stdin.buffer
    columns = orjson.loads(source.readline())
    schema = pa.schema([(one["name"], _type(pa, one["kind"])) for one in columns])
    rows = map(orjson.loads, source)
    with pq.ParquetWriter(sys.stdout.buffer, schema, compression="zstd") as writer:
        while part := list(islice(rows, _GROUP)):
            arrays = [
                pa.array(
                    _fitting(schema.field(place).type, part, place, pa), schema.field(place).type
                )
                for place in range(len(columns))
            ]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


def _type(pa: Any, kind: str) -> Any:
    if kind in ("integer", "year"):
        return pa.int64()
    if kind in ("number", "latitude", "longitude"):
        return pa.float64()
    return pa.bool_() if kind == "boolean" else pa.string()


def _fitting(wanted: Any, part: list[list[Any]], place: int, pa: Any) -> Iterator[Any]:
    """Yield the cells of a column; what is not of its type is left out, or said as text."""
    for row in part:
        value = row[place] if place < len(row) else None
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if value is None:
            yield None
        elif wanted == pa.string():
            yield value if isinstance(value, str) else str(value)
        elif wanted == pa.bool_():
            yield value if isinstance(value, bool) else None
        elif wanted == pa.int64():
            yield int(value) if number and float(value).is_integer() else None
        else:
            yield float(value) if number else None


if __name__ == "__main__":
    main()
