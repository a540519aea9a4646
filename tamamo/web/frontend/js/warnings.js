// Warnings in force on an open page: looked for every quarter of a minute, told once, assertively.
const EVERY = 15_000;
const KEPT = "tamamo.warnings.told";
const MOST = 50;

const place = document.getElementById("warnings");

function told() {
  try {
    return JSON.parse(localStorage.getItem(KEPT)) ?? [];
  } catch {
    return [];
  }
}

/** Say what this browser has not been told yet; a banner that merely stands there is not said again. */
function announce() {
  const known = told();
  const fresh = [...place.querySelectorAll("[data-warning]")].filter(
    (one) => !known.includes(one.dataset.warning),
  );
  if (!fresh.length) return;
  const words = (one, part) => one.querySelector(`.warning-banner__${part}`)?.textContent.trim() ?? "";
  document.getElementById("warnings-said").textContent = fresh
    .map((one) => `${words(one, "word")} ${words(one, "head")} ${words(one, "do")}`)
    .join(" ");
  try {
    const all = [...known, ...fresh.map((one) => one.dataset.warning)];
    localStorage.setItem(KEPT, JSON.stringify(all.slice(-MOST)));
  } catch {
    // Without storage it is said on each page.
  }
}

async function look() {
  if (document.hidden) return;
  try {
    const answer = await fetch(place.dataset.src, { cache: "no-cache" });
    if (!answer.ok) return;
    const text = await answer.text();
    if (text.trim() === place.innerHTML.trim()) return;
    // Only what our own server has rendered.
    place.replaceChildren(...new DOMParser().parseFromString(text, "text/html").body.childNodes);
    announce();
  } catch {
    // The line is broken: what is known stays, and the page says so elsewhere.
  }
}

const levels = () => [...document.querySelectorAll("article[data-official]")];
let official = levels().map((one) => one.dataset.official);

/** Official levels that are new or changed: from 4 on assertively. */
function sayLevels() {
  const now = levels();
  const fresh = now.filter((one) => !official.includes(one.dataset.official));
  official = now.map((one) => one.dataset.official);
  for (const [id, grave] of [["announce-now", true], ["announce-polite", false]]) {
    const some = fresh.filter((one) => Number(one.dataset.official.split("=").pop()) >= 4 === grave);
    const target = document.getElementById(id);
    if (some.length && target) target.textContent = some.map((one) => one.innerText).join(" ");
  }
}

document.addEventListener("city:view", sayLevels);
if (place) {
  announce();
  setInterval(look, EVERY);
  document.addEventListener("visibilitychange", look);
}
if (document.querySelector("form[data-push-subscribe]")) {
  import("./push-subscribe.js").then((part) => part.keepPush());
}
