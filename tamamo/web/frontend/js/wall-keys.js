// One key a panel; 0 or Escape all panels, p stops and resumes, ? the help. They can be switched
// off (WCAG 2.1.4); the choice stays in this browser.
import { show } from "./wall-view.js";

const SWITCH = "tamamo-wall-keys";
const isOff = () => localStorage.getItem(SWITCH) === "off";
const typing = (element) => element?.closest("input:not([type=checkbox]), select, textarea");
const large = () => new URL(location.href).searchParams.get("panel");

function help() {
  const panel = document.getElementById("keys");
  panel.open = !panel.open;
  if (panel.open) panel.querySelector("summary").focus();
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const panel = document.getElementById("keys");
  if (event.key === "Escape") {
    if (panel.open) help();
    else if (large()) show("");
    return;
  }
  if (isOff() || typing(event.target)) return;
  const target = document.querySelector(`[data-panel][data-key="${CSS.escape(event.key)}"]`);
  if (target) show(target.dataset.panel);
  else if (event.key === "0" && large()) show("");
  else if (event.key === "p") document.getElementById("pause").click();
  else if (event.key === "?") help();
  else return;
  event.preventDefault();
}

export function keepKeys() {
  document.addEventListener("keydown", onKey);
  document.getElementById("keys-link").addEventListener("click", (event) => {
    event.preventDefault();
    help();
  });
  const box = document.getElementById("keys-on");
  box.checked = !isOff();
  box.addEventListener("change", () => {
    if (box.checked) localStorage.removeItem(SWITCH);
    else localStorage.setItem(SWITCH, "off");
  });
  document.getElementById("keys-choice").hidden = false;
}
