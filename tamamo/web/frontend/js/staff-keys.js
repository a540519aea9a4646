// Keys of the register: / search, j k move, Enter open, e edit, x select, ? this help.
// They can be switched off (WCAG 2.1.4); the choice stays in this browser.
const SWITCH = "tamamo-staff-keys";

const typing = (element) =>
  element?.closest("input:not([type=checkbox]):not([type=radio]), select, textarea, [contenteditable]");

function rows() {
  return [...document.querySelectorAll("#register-rows > tr")];
}

function current() {
  return document.activeElement?.closest("#register-rows > tr");
}

function move(step) {
  const all = rows();
  if (!all.length) return;
  const place = all.indexOf(current());
  const next = place < 0 ? (step > 0 ? 0 : all.length - 1) : place + step;
  const row = all[Math.max(0, Math.min(all.length - 1, next))];
  const link = row.querySelector("a.row-link");
  link.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function edit() {
  const address = current()?.dataset.edit ?? document.querySelector("[data-key-edit]")?.href;
  if (address) location.assign(address);
}

function help() {
  const panel = document.getElementById("keys");
  if (!panel) return;
  panel.open = true;
  panel.querySelector("summary").focus();
}

const ACTIONS = {
  "/": () => document.getElementById("f-q")?.focus(),
  j: () => move(1),
  k: () => move(-1),
  e: edit,
  x: () => current()?.querySelector("input[type=checkbox]")?.click(),
  "?": help,
};

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (localStorage.getItem(SWITCH) === "off" || typing(event.target)) return;
  const action = ACTIONS[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}

export function keepKeys() {
  document.addEventListener("keydown", onKey);
  document.addEventListener("change", (event) => {
    if (event.target.id !== "keys-on") return;
    if (event.target.checked) localStorage.removeItem(SWITCH);
    else localStorage.setItem(SWITCH, "off");
  });
  const box = document.getElementById("keys-on");
  if (!box) return;
  box.checked = localStorage.getItem(SWITCH) !== "off";
  box.closest("[hidden]").hidden = false;
}
