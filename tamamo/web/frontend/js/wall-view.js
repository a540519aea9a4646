// The panels as the server draws them: fetched, and exchanged where they say something else.
import { say } from "./messages.js";

const KEPT = new Set(["map"]); // drawn here, from the data beside it
const FETCH_TIMEOUT = 10_000;

/** Panel -> what the server last drew in it: a panel that says the same is left alone. */
const drawn = new Map();

const bodies = (root) => [...root.querySelectorAll("[data-body]")];

function current() {
  for (const body of bodies(document)) drawn.set(body.dataset.body, body.innerHTML);
}

async function page(address, query) {
  const url = new URL(address, location.href);
  url.search = query;
  const answer = await fetch(url, {
    headers: { Accept: "text/html" },
    signal: AbortSignal.timeout(FETCH_TIMEOUT),
  });
  if (!answer.ok) throw new Error(String(answer.status));
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

/** The link or button that has the focus, found again by its address in what replaces it. */
function keepingFocus(body, change) {
  const held = body.contains(document.activeElement) ? document.activeElement : null;
  const address = held?.getAttribute("href");
  const top = body.scrollTop;
  change();
  body.scrollTop = top;
  if (!held || document.contains(held)) return;
  const again = address && body.querySelector(`a[href="${CSS.escape(address)}"]`);
  (again || body).focus({ preventScroll: true });
}

function exchange(fresh) {
  const id = fresh.dataset.body;
  const body = document.querySelector(`[data-body="${id}"]`);
  if (!body) return;
  if (KEPT.has(id)) {
    const [points, before] = [fresh, body].map((one) => one.querySelector("#wall-points"));
    if (points && before && points.textContent !== before.textContent) {
      before.textContent = points.textContent;
      document.dispatchEvent(new CustomEvent("wall:points"));
    }
    return;
  }
  const html = fresh.innerHTML;
  if (drawn.get(id) === html) return;
  drawn.set(id, html);
  keepingFocus(body, () => body.replaceChildren(...fresh.childNodes));
}

/** What was said of levels before and after, for whoever does not see the page. */
function announce(before, after) {
  const official = document.querySelector("[data-official]");
  if (before.official === after.official) return;
  const words = [...official.querySelectorAll(".official-level")].slice(0, 3);
  const text = words
    .map((one) => [".official-level__word", ".official-level__name", ".official-level__area"]
      .map((part) => one.querySelector(part)?.textContent.trim() ?? "")
      .join(" "))
    .join(" ");
  const urgent = after.official.split(",").some((pair) => {
    const level = Number(pair.split("=").pop());
    return level >= 4 && !before.official.split(",").includes(pair);
  });
  tell(say("official", { text }), urgent);
}

/** Level 4 and up, and a gauge at its flood level, at once; others when the listener pauses. */
export function tell(text, urgent) {
  document.getElementById(urgent ? "announce-now" : "announce-polite").textContent = text;
}

const levels = () => ({ official: "", ...document.querySelector("[data-official]")?.dataset });

/** Bring the whole view up to date. */
export async function drawView(query = location.search) {
  const fresh = await page(document.getElementById("wall").dataset.view, query);
  if (!fresh.getElementById("wall-view")) throw new Error("no view");
  if (!drawn.size) current();
  const before = levels();
  for (const panel of fresh.querySelectorAll("[data-panel]")) {
    const here = document.getElementById(panel.id);
    if (!here) continue;
    here.hidden = panel.hidden;
    const [title, shown] = [panel, here].map((one) => one.querySelector("h2"));
    if (shown.textContent !== title.textContent) shown.replaceChildren(...title.childNodes);
    const [link, old] = [panel, here].map((one) => one.querySelector("[data-large]"));
    if (old.getAttribute("href") !== link.getAttribute("href")) {
      old.href = link.getAttribute("href");
      old.replaceChildren(...link.childNodes);
    }
  }
  bodies(fresh).forEach(exchange);
  const moment = fresh.getElementById("as-of");
  document.getElementById("as-of").textContent = moment.textContent;
  announce(before, levels());
  document.dispatchEvent(new CustomEvent("wall:view"));
}

/** What stands in a panel is no longer what the server last drew: the next view is put in. */
export function forget(panel) {
  drawn.set(panel, "");
}

/** Fetch the rows of some gauges: the rest of the page need not be asked for. */
export async function fetchRows(address, ids) {
  const url = new URL(location.href);
  for (const id of ids) url.searchParams.append("id", id);
  return [...(await page(address, url.search)).querySelectorAll("li.wall-row")];
}

/** Make a panel large, or give the others back; the address says so. */
export function show(panel) {
  const url = new URL(location.href);
  if (!panel || url.searchParams.get("panel") === panel) url.searchParams.delete("panel");
  else url.searchParams.set("panel", panel);
  history.pushState(null, "", url);
  return redraw();
}

async function redraw() {
  const panel = new URL(location.href).searchParams.get("panel");
  document.getElementById("wall").classList.toggle("wall--one", Boolean(panel));
  for (const link of document.querySelectorAll("#languages a")) link.search = location.search;
  await drawView().catch(() => location.reload());
  if (panel) document.getElementById(`title-${panel}`)?.focus();
  document.dispatchEvent(new CustomEvent("wall:size"));
}

export function keepPanels() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-large]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    show(link.dataset.large);
  });
  addEventListener("popstate", redraw);
}
