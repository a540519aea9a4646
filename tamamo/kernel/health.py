"""What a load balancer and a monitoring system ask: /healthz, /readyz, /metrics."""

import os

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from psycopg import OperationalError
from psycopg.errors import UndefinedTable
from psycopg_pool import PoolTimeout
from starlette.responses import JSONResponse, Response

from tamamo.kernel.database import Pool
from tamamo.kernel.errors import PROBLEM_JSON, Unavailable
from tamamo.kernel.migrate import known
from tamamo.kernel.tally import TALLY

_KNOWN = frozenset(known())
_DATABASE_SECONDS = 2.0


def alive() -> Response:
    """Answer /healthz: this process is up, whatever the database does."""
    return JSONResponse({"status": "ok"})


async def ready(pool: Pool) -> Response:
    """Answer /readyz: 200 when the database answers and has every migration, 503 otherwise."""
    try:
        async with pool.connection(timeout=_DATABASE_SECONDS) as connection:
            rows = await connection.execute("select name from schema_migration")
            applied = {row[0] for row in await rows.fetchall()}
    except UndefinedTable:
        applied = set()
    except (PoolTimeout, OperationalError):
        return _not_ready("The database does not answer.")
    missing = sorted(_KNOWN - applied)
    if missing:
        return _not_ready(f"Migrations are missing: {', '.join(missing)}. Run `tamamo migrate`.")
    return JSONResponse({"status": "ok", "database": "ok", "migrations": len(applied)})


def metrics() -> Response:
    """Answer /metrics: the counts of all processes of this installation (Prometheus text)."""
    TALLY.write()
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _not_ready(detail: str) -> Response:
    return JSONResponse(Unavailable(detail).body(), status_code=503, media_type=PROBLEM_JSON)
