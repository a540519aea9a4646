// Entry: small, and only what the page at hand needs; map and chart come when they are seen.
import { keepAges } from "./ages.js";
import { goLive } from "./live.js";
import { whenSeen } from "./seen.js";
import { keepView } from "./view.js";

const portal = document.getElementById("portal");
const changedRows = () => document.dispatchEvent(new CustomEvent("city:rows", { detail: {} }));

// A part of the script that cannot be fetched, as when the connection is lost, is tried again once
// there is one; meanwhile its region makes no empty box: the list and the table say the same.
async function withPart(fetched, use, region) {
  let part;
  try {
    part = await fetched();
  } catch {
    if (region) region.hidden = true;
    addEventListener("online", () => withPart(fetched, use, region), { once: true });
    return;
  }
  if (region) region.hidden = false;
  use(part);
}

function watchChart() {
  const place = document.getElementById("chart");
  if (!place || place.dataset.watched) return;
  place.dataset.watched = "yes";
  place.closest("figure").hidden = false;
  whenSeen(place, () => withPart(() => import("./chart.js"), (chart) => chart.draw(place)));
}

function watchMap() {
  const region = document.getElementById("map-region");
  if (!region) return;
  region.hidden = false;
  whenSeen(region, () => withPart(() => import("./map.js"), (map) => map.open(portal), region));
}

if (portal) {
  keepAges(changedRows);
  keepView();
  watchChart();
  watchMap();
  document.addEventListener("city:view", watchChart);
  if (portal.dataset.mode !== "past") goLive(portal.dataset);
}
document.getElementById("error-summary")?.focus();
