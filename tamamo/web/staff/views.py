"""Saved views: opening one by its address, saving the view at hand, deleting one's own."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tamamo.web.staff import filters, saved
from tamamo.web.staff.cells import language
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.entry import staff
from tamamo.web.staff.frame import show
from tamamo.web.staff.liststate import parse_text


@require_safe
@staff
async def open_view(request: HttpRequest, desk: Desk, register: str, view: int) -> HttpResponse:
    """Lead to the list as the view has it."""
    found = desk.register(register)
    known = await saved.visible(desk.broker.pool, desk.tenant, desk.actor, found.id)
    chosen = next((one for one in known if one.id == view), None)
    if chosen is None:
        raise Http404(str(view))
    state = parse_text(chosen.query, filters.names(found))
    address = desk.url("register", register=found.id)
    return HttpResponseRedirect(address + state.query(view=str(view)))


@require_POST
@staff
async def save(request: HttpRequest, desk: Desk, register: str) -> HttpResponse:
    """Save the view at hand under a name; the same name again replaces one's own."""
    found = desk.register(register)
    name = " ".join(request.POST.get("name", "").split())
    state = parse_text(request.POST.get("query", ""), filters.names(found))
    address = desk.url("register", register=found.id)
    if not name or len(name) > saved.LONGEST_NAME or not name.isprintable():
        context = {
            "heading": _("The view needs a name"),
            "text": _("At most %(n)s characters, and none that cannot be seen.")
            % {"n": saved.LONGEST_NAME},
            "links": [{"url": address + state.query(), "text": found.title.in_(language())}],
        }
        return show(request, desk, "staff/refused.html", context, status=422)
    kept = await saved.save(
        desk.broker.pool,
        desk.tenant,
        desk.actor,
        found.id,
        name=name,
        query=state.text[: saved.LONGEST_QUERY],
        shared=request.POST.get("shared") == "1",
    )
    query = state.query(view=str(kept), page=1)
    return HttpResponseRedirect(f"{address}{query}&saved=view")


@require_POST
@staff
async def delete(request: HttpRequest, desk: Desk, register: str, view: int) -> HttpResponse:
    """Delete one's own view; the list stays as it is, under no name."""
    found = desk.register(register)
    if not await saved.delete(desk.broker.pool, desk.tenant, desk.actor, found.id, view):
        raise Http404(str(view))
    return HttpResponseRedirect(desk.url("register", register=found.id))
