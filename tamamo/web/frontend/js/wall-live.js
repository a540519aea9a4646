// Live: /sse says what changed; gauges are fetched at once as rows, the other panels soon after.
// A gauge that reports is on the wall within half a second (bench/live.py).
import { clockTime, say } from "./messages.js";
import { fetchRows, forget, tell } from "./wall-view.js";

const GATHER = 50; // changes that come together are fetched together
const PAUSE = 200; // between two fetches of rows
const SOON = 300; // something a duty officer acts on: the whole view at once
const LATER = 3_000; // values of other panels
const CHECK = 10_000; // is the server still there?
const CHECK_TIMEOUT = 5_000;
const MOST = 50; // gauges fetched as rows; more are the whole view
const GAUGE = "FloodMonitoring";
const ACTED_ON = new Set(["Alert", "WeatherAlert", "EvacuationShelter"]);
const TYPES = [GAUGE, "WeatherObserved", "SeaConditions", ...ACTED_ON, "Simulation", "Replay"];

const region = document.getElementById("live");
const state = document.getElementById("live-state");
const button = document.getElementById("pause");
const changed = new Set();
let wall;
let draw;
let source = null;
let stopped = false;
let lost = false;
let fresh = Date.now();
let rowsTimer = 0;
let fetching = false;
let viewTimer = 0;
let viewAt = 0;
let drawing = false;

function showState(kind, text) {
  region.classList.toggle("live--paused", kind === "paused");
  region.classList.toggle("live--lost", kind === "lost");
  document.body.classList.toggle("is-stale", kind === "lost" || kind === "paused");
  if (state.textContent !== text) state.textContent = text;
}

function nowFresh() {
  fresh = Date.now();
  if (lost) {
    lost = false;
    viewSoon(0);
  }
  if (!stopped) showState("live", say("live"));
}

/** Say that the page is not the newest; whatever comes next from the server mends it. */
function nowLost() {
  if (lost || stopped) return;
  lost = true;
  showState("lost", say("lost", { time: clockTime(fresh) }));
}

async function drawNow() {
  viewTimer = 0;
  if (drawing || stopped) return;
  drawing = true;
  try {
    await draw();
    nowFresh();
  } catch {
    nowLost();
  } finally {
    drawing = false;
  }
}

/** The whole view within a time; sooner where it was already asked for sooner. */
function viewSoon(pause) {
  const at = performance.now() + pause;
  if (viewTimer && viewAt <= at) return;
  clearTimeout(viewTimer);
  viewAt = at;
  viewTimer = setTimeout(drawNow, pause);
}

/** Gauge -> stage, as it was last told here: a change is said once, whichever way it came. */
let stages = new Map();

function stagesShown() {
  const text = document.querySelector("[data-stages]")?.dataset.stages ?? "";
  return new Map(text.split(",").filter(Boolean).map((pair) => pair.split("=")));
}

function changeOf(key, stage, row) {
  const before = stages.get(key) ?? "0";
  if (stage === "" || stage === before) return null;
  stages.set(key, stage);
  return { before, row };
}

/** The whole view may be the first to tell of a change. */
function onView() {
  const shown = stagesShown();
  const changes = [];
  for (const key of new Set([...stages.keys(), ...shown.keys()])) {
    const row = document.getElementById(`g-${key}`);
    const change = row && changeOf(key, row.dataset.stage, row);
    if (change) changes.push(change);
  }
  stages = shown;
  announce(changes);
}

/** Put a row where its rank says; the list keeps its length. Return its change of stage. */
function place(row) {
  const list = document.getElementById("gauge-rows");
  if (!list) return null;
  const old = document.getElementById(row.id);
  const change = changeOf(row.id.slice(2), row.dataset.stage, row);
  const moved = old && old.dataset.level !== row.dataset.level;
  old?.remove();
  const after = [...list.children].find((other) => other.dataset.rank > row.dataset.rank);
  if (!after && !old && list.children.length >= Number(list.dataset.most)) return change;
  list.insertBefore(row, after ?? null);
  if (moved) row.dataset.moved = row.dataset.level;
  while (list.children.length > Number(list.dataset.most)) list.lastElementChild.remove();
  return change;
}

/** Only changes of level are said; the numbers move silently. */
function announce(changes) {
  for (const { before, row } of changes) {
    const { name, level, stage } = row.dataset;
    const up = Number(stage) > Number(before);
    const word = row.querySelector(".level__word")?.textContent ?? "";
    if (up ? Number(stage) >= 2 : Number(before) >= 2) {
      tell(say(up ? "stageUp" : "stageDown", { name, level, stage: word }), up && stage === "3");
    }
  }
}

async function updateRows() {
  rowsTimer = 0;
  if (fetching || stopped) return;
  const ids = [...changed];
  changed.clear();
  if (ids.length > MOST) {
    viewSoon(0);
    return;
  }
  fetching = true;
  try {
    const changes = (await fetchRows(wall.rows, ids)).map(place).filter(Boolean);
    forget("gauges");
    announce(changes);
    viewSoon(changes.length ? SOON : LATER);
  } catch {
    nowLost();
    viewSoon(LATER);
  } finally {
    fetching = false;
    if (changed.size) rowsTimer ||= setTimeout(updateRows, PAUSE);
  }
}

function onEntity(event) {
  nowFresh();
  const entity = JSON.parse(event.data);
  if (entity.type === GAUGE) {
    changed.add(`${entity.tenant}|${entity.id}`);
    rowsTimer ||= setTimeout(updateRows, GATHER);
  } else {
    viewSoon(ACTED_ON.has(entity.type) ? SOON : LATER);
  }
}

function connect() {
  source = new EventSource(`/sse?town=${encodeURIComponent(wall.town)}&type=${TYPES.join(",")}`);
  source.addEventListener("open", nowFresh);
  source.addEventListener("entity", onEntity);
  for (const name of ["gone", "reset", "end"]) source.addEventListener(name, () => viewSoon(SOON));
  source.addEventListener("error", nowLost);
}

function disconnect() {
  source?.close();
  source = null;
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
    if (source?.readyState === EventSource.OPEN) nowFresh();
    else if (source?.readyState === EventSource.CLOSED) connect();
  } catch {
    nowLost();
  }
}

/** The choice stands in the address: a wall that was stopped stays so when it is loaded again. */
function setStopped(value) {
  stopped = value;
  const url = new URL(location.href);
  if (stopped) url.searchParams.set("updates", "off");
  else url.searchParams.delete("updates");
  history.replaceState(null, "", url);
  button.textContent = say(stopped ? "resume" : "stop");
  if (stopped) {
    disconnect();
    lost = false;
    showState("paused", say("paused", { time: clockTime(Date.now()) }));
  } else {
    connect();
    viewSoon(0);
  }
}

/** Browsers allow six connections to a server: a page nobody looks at gives its own back. */
function onVisibility() {
  if (stopped) return;
  if (document.hidden) disconnect();
  else if (!source) {
    connect();
    viewSoon(0);
  }
}

export function goLive(dataset, drawView) {
  wall = dataset;
  draw = drawView;
  button.setAttribute("role", "button");
  button.addEventListener("click", (event) => {
    event.preventDefault();
    setStopped(!stopped);
  });
  button.addEventListener("keydown", (event) => {
    if (event.key !== " ") return;
    event.preventDefault();
    setStopped(!stopped);
  });
  stages = stagesShown();
  document.addEventListener("wall:view", onView);
  document.addEventListener("visibilitychange", onVisibility);
  addEventListener("pagehide", disconnect);
  addEventListener("pageshow", (event) => event.persisted && onVisibility());
  if (new URL(location.href).searchParams.get("updates") === "off") setStopped(true);
  else connect();
  setInterval(check, CHECK);
  // Though nothing was said: what became late, what other installations have.
  setInterval(() => source && viewSoon(0), Number(wall.refresh) * 1000);
}
