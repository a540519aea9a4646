// The view in the address: htmx swaps #view for links and forms; the map's place goes along.
import htmx from "htmx.org/dist/htmx.esm.js";
import { say } from "./messages.js";

const PLACE = "map";

/** Set or remove one parameter of the address without a new entry in the history. */
export function replaceParameter(name, value) {
  const url = new URL(location.href);
  if (value) url.searchParams.set(name, value);
  else url.searchParams.delete(name);
  const query = url.searchParams.toString().replaceAll("%2F", "/").replaceAll("%3A", ":");
  history.replaceState(history.state, "", url.pathname + (query ? `?${query}` : "") + url.hash);
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
  request.action = url.pathname + url.search + url.hash;
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

/** Select a gauge, as a click on its row does. */
export function select(station) {
  const row = document.getElementById(`g-${station}`);
  row?.querySelector("a.row-link")?.click();
}

export function keepView() {
  document.addEventListener("htmx:config:request", prepare);
  document.addEventListener("htmx:after:swap", () => {
    linkLanguages();
    document.dispatchEvent(new CustomEvent("city:view"));
  });
  document.addEventListener("city:refresh", () => {
    show(location.pathname + location.search, false);
  });
  document.addEventListener("htmx:error", () => {
    const state = document.getElementById("live-state");
    if (state && !state.textContent) state.textContent = say("lost", { time: "" });
  });
}
