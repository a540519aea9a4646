// Which rows are ticked: the count, "all on this page", a range with Shift.
import { say } from "./messages.js";

let last = null;

const ticks = () => [...document.querySelectorAll("#register-rows input[name=id]")];

function show() {
  const all = ticks();
  const chosen = all.filter((tick) => tick.checked);
  for (const tick of all) tick.closest("tr").classList.toggle("is-selected", tick.checked);
  const head = document.getElementById("tick-all");
  if (head) {
    head.checked = chosen.length > 0 && chosen.length === all.length;
    head.indeterminate = chosen.length > 0 && chosen.length < all.length;
  }
  const everything = document.getElementById("every");
  const offer = everything?.closest("[data-every]");
  if (offer) {
    // On a phone there is no head of the table to tick first.
    const narrow = matchMedia("(max-width: 47.99rem)").matches;
    offer.hidden = !(narrow || head?.checked || everything.checked);
    if (offer.hidden) everything.checked = false;
  }
  const count = everything?.checked ? everything.dataset.total : String(chosen.length);
  const status = document.getElementById("selected-count");
  if (status) status.textContent = say("selected", { n: count });
  for (const button of document.querySelectorAll(".selection-bar button")) {
    button.disabled = !chosen.length && !everything?.checked;
  }
}

function range(tick) {
  const all = ticks();
  const [from, to] = [all.indexOf(last), all.indexOf(tick)].sort((a, b) => a - b);
  if (from >= 0) for (const other of all.slice(from, to + 1)) other.checked = tick.checked;
}

export function keepSelection() {
  document.addEventListener("click", (event) => {
    const tick = event.target;
    if (!tick.matches?.("#register-rows input[name=id]")) return;
    if (event.shiftKey && last) range(tick);
    last = tick;
    show();
  });
  document.addEventListener("change", (event) => {
    if (event.target.id === "tick-all") {
      for (const tick of ticks()) tick.checked = event.target.checked;
    }
    if (event.target.matches?.("#tick-all, #every")) show();
  });
  document.addEventListener("staff:view", show);
  if (document.getElementById("register-rows")) show();
}
