"""The database: what it holds and how large, who is connected, what stands in the way."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from tamamo.kernel.database import transaction
from tamamo.web.console import data, frame
from tamamo.web.console.door import console
from tamamo.web.console.viewer import Viewer, broker_of


@require_safe
@console(whole=True)
async def page(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Size by table, partitions, connections, the oldest transaction, dead rows."""
    async with transaction(broker_of(request).pool) as connection:
        whole = await data.database(connection)
        tables = await data.tables(connection)
        partitions = await data.rows(connection, "partitions")
        processes = await data.processes(connection)
        oldest = await data.rows(connection, "oldest")
    context = {
        "database": whole,
        "tables": tables,
        "largest": tables[0].size if tables else 1,
        "partitions": partitions,
        "processes": processes,
        "connections": sum(process.connections for process in processes),
        "oldest": oldest[0] if oldest else None,
    }
    return frame.show(request, viewer, "console/database.html", context)
