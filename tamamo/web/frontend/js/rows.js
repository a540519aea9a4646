// Rows of gauges that changed: fetched as the server renders them, put in place, announced.
import { say } from "./messages.js";

const CARD_PARTS = [".alarm__head", ".alarm__value", ".alarm__margin", ".alarm__note"];

/** The stage of a gauge that has no row here and is not among the alarms. */
const BELOW = "0";

const refresh = () => document.dispatchEvent(new CustomEvent("city:refresh"));

/** Station -> stage of the gauges at or above their danger level, also those filtered away. */
function alarms(element) {
  const pairs = (element?.dataset.alarms ?? "").split(",").filter(Boolean);
  return new Map(pairs.map((pair) => pair.split("=")));
}

/**
 * Station -> stage as a reader last heard or saw it. Not what stands in the page: the whole view,
 * fetched because an alert was raised, may bring a new stage before the row that tells of it.
 */
const known = new Map();

/** first: the page as it was opened. Whatever alarm a later view brings was below until then. */
function learn(first) {
  const rows = document.querySelectorAll("tr[data-station]");
  const learned = [...rows].map((row) => [row.dataset.station, row.dataset.stage]);
  for (const [station, stage] of alarms(document.getElementById("now"))) {
    learned.push([station, first ? stage : BELOW]);
  }
  for (const [station, stage] of learned) {
    if (!known.has(station)) known.set(station, stage);
  }
}

/** A row that holds the focus keeps its link; only its other cells change. */
function exchange(old, row) {
  if (!old.contains(document.activeElement)) {
    old.replaceWith(row);
    return;
  }
  Object.assign(old.dataset, row.dataset);
  [...row.cells].slice(1).forEach((cell, index) => old.cells[index + 1].replaceWith(cell));
}

/** Put one row in; return its change of stage, null when there is none. */
function place(row, alarmsBefore) {
  const old = document.getElementById(row.id);
  const { station, stage } = row.dataset;
  const shown = old ? old.dataset.stage : (alarmsBefore.get(station) ?? BELOW);
  const change = { before: known.get(station) ?? shown, after: stage, row };
  known.set(station, stage);
  const moved = old && old.dataset.level !== row.dataset.level;
  if (old) exchange(old, row);
  // A mark of its own, not a class: the next view as the server renders it takes it away.
  if (moved) document.getElementById(row.id).dataset.moved = row.dataset.level;
  return change.before === change.after ? null : change;
}

/** The same gauge says the same on its card; the link, which may hold the focus, stays. */
function placeCard(card) {
  const old = document.querySelector(`#now .alarm[data-station="${CSS.escape(card.dataset.station)}"]`);
  if (!old) return;
  old.className = card.className;
  for (const part of CARD_PARTS) old.querySelector(part)?.replaceWith(card.querySelector(part) ?? "");
}

/** Say changes of level only: up to the flood level at once, others when the reader pauses. */
function announce(changes) {
  const polite = [];
  const urgent = [];
  for (const { before, after, row } of changes) {
    if (before === "" || after === "") continue;
    const { name, level } = row.dataset;
    const stage = row.querySelector(".level")?.lastChild?.textContent ?? "";
    const up = Number(after) > Number(before);
    const text = say(up ? "stageUp" : "stageDown", { name, level, stage });
    if (up && after === "3") urgent.push(text);
    else if (Number(before) >= 2 || Number(after) >= 2) polite.push(text);
  }
  if (polite.length) document.getElementById("announce-polite").textContent = polite.join(" ");
  if (urgent.length) document.getElementById("announce-now").textContent = urgent.join(" ");
}

async function load(address, stations) {
  const url = new URL(address, location.href);
  url.search = location.search;
  url.searchParams.set("ids", stations.join(","));
  const answer = await fetch(url, { headers: { Accept: "text/html" } });
  if (!answer.ok) throw new Error(String(answer.status));
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

/** Bring the rows of some gauges up to date; the whole view where more than a value changed. */
export async function updateRows(address, stations) {
  const page = await load(address, stations);
  const now = document.getElementById("now");
  const before = alarms(now);
  const rows = [...page.querySelectorAll("tr[data-station]")];
  const changes = rows.map((row) => place(row, before)).filter(Boolean);
  page.querySelectorAll("#rows-alarms > li").forEach(placeCard);
  const detail = page.getElementById("detail-now");
  if (detail) document.getElementById("detail-now")?.replaceWith(detail);
  const moment = page.getElementById("rows-as-of");
  const shown = document.querySelector("#live [data-as-of]");
  if (shown) shown.textContent = moment.textContent;
  document.dispatchEvent(new CustomEvent("city:rows", { detail: { selected: Boolean(detail) } }));
  announce(changes);
  const listed = changes.some(({ row }) => document.getElementById(row.id));
  if (listed || (now && now.dataset.alarms !== moment.dataset.alarms)) refresh();
}

learn(true);
document.addEventListener("htmx:after:swap", () => learn(false));
