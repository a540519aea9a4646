// Live updates: /sse says what changed. One connection, only while the page is looked at.
import { clockTime, say } from "./messages.js";
import { updateRows } from "./rows.js";

const GATHER = 1_000; // changes that come together are fetched together
const WHOLE = 20_000; // rain and tide: the whole view, at most this often
const CHECK = 10_000; // is the server still there?
const CHECK_TIMEOUT = 5_000;
const GAUGE = "FloodMonitoring";
const PLACES = ["EvacuationShelter", "RoadSegment", "Camera"];
const ALERTS = ["WeatherAlert", "Alert"]; // what stands first is never late
const TYPES = [GAUGE, "WeatherObserved", "SeaConditions", ...PLACES, ...ALERTS, "Replay", "Simulation"];

const region = document.getElementById("live");
const state = document.getElementById("live-state");
const button = document.getElementById("pause");
const changed = new Set();
let address = "";
let town = "default";
let source = null;
let stopped = false;
let lost = false;
let failed = false; // the server answers, but not with the view: rows alone would contradict it
let fresh = Date.now();
let rowsTimer = 0;
let viewTimer = 0;

const refresh = () => document.dispatchEvent(new CustomEvent("city:refresh"));

function show(kind, text) {
  region.classList.toggle("live--paused", kind === "paused");
  region.classList.toggle("live--lost", kind === "lost");
  document.body.classList.toggle("is-stale", kind === "lost");
  if (state.textContent !== text) state.textContent = text;
}

function nowFresh() {
  if (failed) return;
  fresh = Date.now();
  if (!lost) return;
  lost = false;
  show("live", say("live"));
  refresh();
}

/** Say that the page is not the newest; whatever comes next from the server mends it. */
function nowLost() {
  if (lost || !source) return;
  lost = true;
  show("lost", say("lost", { time: clockTime(fresh) }));
}

function onFailed() {
  failed = Boolean(source);
  nowLost();
}

function onView() {
  if (!failed) return;
  failed = lost = false;
  fresh = Date.now();
  show("live", say("live"));
}

function fetchRows() {
  rowsTimer = 0;
  const stations = [...changed];
  changed.clear();
  updateRows(address, stations).catch(nowLost);
}

function refreshSoon(pause) {
  viewTimer ||= setTimeout(() => {
    viewTimer = 0;
    refresh();
  }, pause);
}

/** What tells a gauge from all others of the page: another town's has the town before it. */
function keyOf({ id, stationID, tenant }) {
  const station = stationID ?? id.split(":").pop();
  return tenant === town ? station : `${tenant}:${station}`;
}

function onEntity(event) {
  nowFresh();
  const entity = JSON.parse(event.data);
  if (entity.type === GAUGE) changed.add(keyOf(entity));
  else if (entity.type === "Simulation" || ALERTS.includes(entity.type)) refreshSoon(GATHER);
  else if (entity.type !== "Replay") refreshSoon(WHOLE);
  if (entity.type === GAUGE || entity.type === "Replay") {
    rowsTimer ||= setTimeout(fetchRows, GATHER);
  }
}

function connect() {
  source = new EventSource(`/sse?town=${encodeURIComponent(town)}&type=${TYPES.join(",")}`);
  source.addEventListener("open", () => {
    nowFresh();
    if (!lost) show("live", say("live"));
  });
  source.addEventListener("entity", onEntity);
  source.addEventListener("gone", () => refreshSoon(GATHER));
  source.addEventListener("reset", () => refreshSoon(0));
  // What is shared with the town has changed: the page shows what may be seen now.
  source.addEventListener("end", () => refreshSoon(0));
  source.addEventListener("error", nowLost);
}

function disconnect() {
  source?.close();
  source = null;
  lost = failed = false;
  changed.clear();
  clearTimeout(rowsTimer);
  clearTimeout(viewTimer);
  rowsTimer = viewTimer = 0;
}

/** A silent line can be a calm city or a broken cable: ask the server. */
async function check() {
  if (!source) return;
  try {
    const answer = await fetch("/healthz", { signal: AbortSignal.timeout(CHECK_TIMEOUT) });
    if (!answer.ok) throw new Error(String(answer.status));
    if (failed) refresh();
    if (source?.readyState === EventSource.OPEN) nowFresh();
    else if (source?.readyState === EventSource.CLOSED) connect();
  } catch {
    nowLost();
  }
}

function pause() {
  stopped = !stopped;
  button.setAttribute("aria-pressed", String(stopped));
  button.textContent = say(stopped ? "resume" : "stop");
  if (stopped) {
    disconnect();
    show("paused", say("paused", { time: clockTime(Date.now()) }));
  } else {
    connect();
    refresh();
  }
}

/** Browsers allow six connections to a server: a page nobody looks at gives its own back. */
function onVisibility() {
  if (stopped) return;
  if (document.hidden) disconnect();
  else if (!source) {
    connect();
    refresh();
  }
}

export function goLive({ rows, town: name }) {
  if (!region || !button) return;
  address = rows;
  town = name;
  button.hidden = false;
  button.addEventListener("click", pause);
  document.addEventListener("visibilitychange", onVisibility);
  addEventListener("pagehide", disconnect);
  addEventListener("pageshow", (event) => event.persisted && onVisibility());
  document.addEventListener("city:failed", onFailed);
  document.addEventListener("city:view", onView);
  connect();
  setInterval(check, CHECK);
}
