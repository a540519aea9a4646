// The view in the address: htmx swaps #view for links and forms; the map's place goes along.
import htmx from "htmx.org/dist/htmx.esm.js";

const PLACE = "map";

/** An address as people read it: "/" and ":" need no escape in a query. */
function readable(url) {
  const query = url.search.replaceAll("%2F", "/").replaceAll("%3A", ":").replaceAll("%2C", ",");
  return url.pathname + query + url.hash;
}

/** Set or remove one parameter of the address without a new entry in the history. */
export function replaceParameter(name, value) {
  const url = new URL(location.href);
  if (value) url.searchParams.set(name, value);
  else url.searchParams.delete(name);
  history.replaceState(history.state, "", readable(url));
  linkLanguages();
}

/** The language links lead to the same view. */
function linkLanguages() {
  for (const link of document.querySelectorAll("#languages a")) {
    link.search = location.search;
  }
}

/** Every request carries the map's place, and no empty parameters. */
function prepare(event) {
  const { request } = event.detail.ctx;
  if (request.method !== "GET") return;
  for (const [name, value] of [...(request.body?.entries?.() ?? [])]) {
    if (value === "" || name === PLACE) request.body.delete(name);
  }
  const url = new URL(request.action, location.href);
  const place = new URL(location.href).searchParams.get(PLACE);
  for (const [name, value] of [...url.searchParams]) {
    if (value === "") url.searchParams.delete(name);
  }
  if (place && !request.headers["HX-History-Restore-Request"]) {
    url.searchParams.set(PLACE, place);
  }
  request.action = readable(url);
}

/** Show the view at an address. push: as a new entry in the history. */
export function show(address, push) {
  return htmx.ajax("GET", address, {
    target: "#view",
    select: "#view",
    swap: push ? "outerHTML" : "outerMorph",
    push: push ? "true" : "false",
  });
}

/** Select a gauge from the map: as a click on its row, but the map stays in sight if it can. */
export async function select(station) {
  const link = document.getElementById(`g-${station}`)?.querySelector("a.row-link");
  if (!link) return;
  await show(link.pathname + link.search, true);
  document.getElementById("detail")?.scrollIntoView({ block: "nearest" });
}

/** A swap must not lose the keyboard's place: back to the same control, or on to the detail. */
function keepFocus() {
  let held = "";
  document.addEventListener("htmx:before:swap", () => {
    held = document.activeElement?.closest("[id]")?.id ?? "";
  });
  document.addEventListener("htmx:after:swap", () => {
    if (document.activeElement && document.activeElement !== document.body) return;
    const detail = document.getElementById("detail");
    const same = held && held !== "view" ? document.getElementById(held) : null;
    if (location.hash === "#detail" && detail) detail.focus({ preventScroll: true });
    else (same?.matches("tr") ? same.querySelector("a") : same)?.focus({ preventScroll: true });
  });
}

export function keepView() {
  keepFocus();
  document.addEventListener("htmx:config:request", prepare);
  document.addEventListener("htmx:after:swap", () => {
    linkLanguages();
    document.dispatchEvent(new CustomEvent("city:view"));
  });
  document.addEventListener("city:refresh", () => {
    show(location.pathname + location.search, false);
  });
  // An error page has no view to show: the page at hand stays, and says that it is not the newest.
  document.addEventListener("htmx:before:response", (event) => {
    if (event.detail.ctx.response.status < 400) return;
    event.preventDefault();
    document.dispatchEvent(new CustomEvent("city:failed"));
  });
  document.addEventListener("htmx:error", () => {
    document.dispatchEvent(new CustomEvent("city:failed"));
  });
}
