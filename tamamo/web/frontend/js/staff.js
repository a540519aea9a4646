// Entry of the staff pages: what a page at hand needs, on top of what works without it.
import { keepPush } from "./push-subscribe.js";
import { keepKeys } from "./staff-keys.js";
import { keepProgress } from "./staff-progress.js";
import { keepRenewed } from "./staff-renew.js";
import { keepRenewing } from "./staff-calls.js";
import { keepSelection } from "./staff-select.js";
import { openWhenSeen } from "./seen.js";
import { keepList } from "./staff-view.js";

function openMap() {
  const region = document.getElementById("map-region");
  if (!region || region.dataset.watched) return;
  region.dataset.watched = "yes";
  openWhenSeen(region, async () => (await import("./staff-map.js")).open(region));
}

/** A form with changes in it is not left by mistake. */
function guardChanges() {
  const form = document.querySelector("form[data-guard]");
  if (!form) return;
  let changed = form.dataset.guard === "changed";
  form.addEventListener("input", () => (changed = true));
  form.addEventListener("submit", () => (changed = false));
  addEventListener("beforeunload", (event) => changed && event.preventDefault());
}

/** One open dropdown at a time; Escape and a click elsewhere close it. */
function closeDropdowns() {
  const open = () => document.querySelectorAll("details.dropdown[open]");
  document.addEventListener("click", (event) => {
    for (const item of open()) if (!item.contains(event.target)) item.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const item of open()) {
      item.open = false;
      item.querySelector("summary").focus();
    }
  });
}

/** On a phone the filters are folded away unless one is set. */
function foldFilters() {
  const more = document.getElementById("more-filters");
  if (more && matchMedia("(max-width: 47.99rem)").matches) more.open = Boolean(document.getElementById("chips"));
}

foldFilters();
document.addEventListener("staff:view", foldFilters);
keepList();
keepSelection();
keepKeys();
keepProgress();
keepRenewed();
keepPush();
keepRenewing();
guardChanges();
closeDropdowns();
openMap();
document.querySelector("#error-summary, #done")?.focus();
