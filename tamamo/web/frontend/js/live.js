// Live updates: /sse says which gauges changed, the server renders their rows, we put them in.
import { clockTime, say } from "./messages.js";

const GATHER = 1_000; // changes that come together are fetched together
const CHECK = 10_000; // is the server still there?
const CHECK_TIMEOUT = 5_000;
const TYPES = "FloodMonitoring";

const region = document.getElementById("live");
const state = document.getElementById("live-state");
const button = document.getElementById("pause");
const changed = new Set();
let source = null;
let timer = 0;
let fresh = Date.now();
let lost = false;

function show(kind, text) {
  region.classList.toggle("live--paused", kind === "paused");
  region.classList.toggle("live--lost", kind === "lost");
  if (state.textContent !== text) state.textContent = text;
}

function nowFresh() {
  fresh = Date.now();
  if (lost) {
    lost = false;
    show("live", say("live"));
    document.dispatchEvent(new CustomEvent("city:refresh"));
  }
}

/** Say that the page is not the newest; whatever comes next from the server mends it. */
function nowLost() {
  if (lost || !source) return;
  lost = true;
  show("lost", say("lost", { time: clockTime(fresh) }));
}

/** Replace the rows of the changed gauges by what the server renders for them. */
async function fetchRows(address) {
  timer = 0;
  const ids = [...changed].join(",");
  changed.clear();
  const url = new URL(address, location.href);
  url.search = location.search;
  url.searchParams.set("ids", ids);
  const answer = await fetch(url, { headers: { Accept: "text/html" } });
  if (!answer.ok) throw new Error(String(answer.status));
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const moved = [];
  for (const row of page.querySelectorAll("tr[data-station]")) {
    const old = document.getElementById(row.id);
    if (old) {
      if (old.dataset.stage !== row.dataset.stage) moved.push([old.dataset, row.dataset, row]);
      if (old.contains(document.activeElement)) keepFocus(old, row);
      else old.replaceWith(row);
    }
  }
  const detail = page.getElementById("detail-now");
  if (detail) document.getElementById("detail-now")?.replaceWith(detail);
  const asOf = page.getElementById("rows-as-of");
  const shown = region.querySelector("[data-as-of]");
  if (asOf && shown) shown.textContent = asOf.textContent;
  document.dispatchEvent(new CustomEvent("city:rows", { detail: { selected: Boolean(detail) } }));
  announce(moved);
}

/** A row that holds the focus keeps its link; only its other cells change. */
function keepFocus(old, row) {
  Object.assign(old.dataset, row.dataset);
  [...row.cells].slice(1).forEach((cell, index) => old.cells[index + 1].replaceWith(cell));
}

/** Say changes of level only: rising to the flood level at once, the rest when there is a pause. */
function announce(moved) {
  const polite = [];
  const urgent = [];
  for (const [before, after, row] of moved) {
    if (before.stage === "" || after.stage === "") continue;
    const values = {
      name: after.name,
      level: after.level,
      stage: row.querySelector(".level")?.lastChild?.textContent ?? "",
    };
    const up = Number(after.stage) > Number(before.stage);
    if (up && after.stage === "3") urgent.push(say("stageUp", values));
    else if (Math.max(before.stage, after.stage) >= 2) {
      polite.push(say(up ? "stageUp" : "stageDown", values));
    }
  }
  if (polite.length) document.getElementById("announce-polite").textContent = polite.join(" ");
  if (urgent.length) document.getElementById("announce-now").textContent = urgent.join(" ");
  if (moved.length) document.dispatchEvent(new CustomEvent("city:refresh"));
}

function connect(address) {
  source = new EventSource(`/sse?type=${TYPES}`);
  source.addEventListener("open", () => {
    nowFresh();
    show("live", say("live"));
  });
  source.addEventListener("entity", (event) => {
    nowFresh();
    const entity = JSON.parse(event.data);
    const station = entity.stationID ?? entity.id.split(":").pop();
    changed.add(typeof station === "object" ? station.value : station);
    timer ||= setTimeout(() => fetchRows(address).catch(nowLost), GATHER);
  });
  source.addEventListener("gone", () => document.dispatchEvent(new CustomEvent("city:refresh")));
  source.addEventListener("error", nowLost);
}

/** A silent line can be a calm city or a broken cable: ask the server. */
async function check() {
  if (!source) return;
  try {
    const answer = await fetch("/healthz", { signal: AbortSignal.timeout(CHECK_TIMEOUT) });
    if (!answer.ok) throw new Error(String(answer.status));
    if (source?.readyState === EventSource.OPEN) nowFresh();
    else if (source?.readyState === EventSource.CLOSED) {
      source.close();
      connect(document.getElementById("portal").dataset.rows);
    }
  } catch {
    nowLost();
  }
}

function pause() {
  const stopping = source !== null;
  button.setAttribute("aria-pressed", String(stopping));
  button.textContent = say(stopping ? "resume" : "stop");
  if (stopping) {
    source.close();
    source = null;
    lost = false;
    clearTimeout(timer);
    timer = 0;
    changed.clear();
    show("paused", say("paused", { time: clockTime(Date.now()) }));
  } else {
    connect(document.getElementById("portal").dataset.rows);
    document.dispatchEvent(new CustomEvent("city:refresh"));
  }
}

export function goLive(address) {
  if (!region || !button) return;
  button.hidden = false;
  button.addEventListener("click", pause);
  connect(address);
  setInterval(check, CHECK);
  document.addEventListener("city:failed", nowLost);
}
