// The console: pages that renew what is marked as live, and a button that copies a key.
import { keepAges } from "./ages.js";
import { clockTime, say } from "./messages.js";

const EVERY = 10_000;
const PATIENCE = 8_000;
const bar = document.getElementById("live-bar");
const state = document.getElementById("live-state");
const pause = document.getElementById("pause");
let stopped = false;
let fresh = Date.now();

function show(kind, text) {
  bar.classList.toggle("live--paused", kind === "paused");
  bar.classList.toggle("live--lost", kind === "lost");
  if (state.textContent !== text) state.textContent = text;
}

/** Put the new text of the live part in place, unless somebody is at work in it. */
function renew(text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  const held = document.activeElement?.closest("#live") && document.activeElement !== document.body;
  const [old, young] = [document.getElementById("live"), page.getElementById("live")];
  if (!young) throw new Error("no live part");
  if (!held && old.innerHTML !== young.innerHTML) old.replaceChildren(...young.childNodes);
}

async function look() {
  if (stopped || document.hidden) return;
  try {
    const answer = await fetch(location.href, {
      signal: AbortSignal.timeout(PATIENCE),
      redirect: "error",
    });
    if (!answer.ok) throw new Error(answer.status);
    const text = await answer.text();
    if (stopped) return;
    renew(text);
    fresh = Date.now();
    show("live", say("live"));
  } catch {
    if (!stopped) show("lost", say("lost", { time: clockTime(fresh) }));
  }
}

function goLive() {
  bar.hidden = false;
  show("live", say("live"));
  pause.addEventListener("click", () => {
    stopped = !stopped;
    pause.textContent = say(stopped ? "resume" : "stop");
    show(stopped ? "paused" : "live", stopped ? say("paused", { time: clockTime(fresh) }) : say("live"));
    if (!stopped) look();
  });
  setInterval(look, EVERY);
  document.addEventListener("visibilitychange", look);
}

function offerCopy(button) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = say("copied");
  });
}

if (bar) goLive();
document.querySelectorAll("button[data-copy]").forEach(offerCopy);
document.getElementById("error-summary")?.focus();
keepAges(() => {});
