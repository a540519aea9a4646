// Relative ages, drawn anew every 30 s, and readings that become late while the page is open.
import { messages, say } from "./messages.js";

const EVERY = 30_000;
const words = new Intl.RelativeTimeFormat(messages.language, { numeric: "always" });

/** "3 minutes ago", the same wording as the server's. */
export function age(moment, now = Date.now()) {
  const minutes = Math.max(0, Math.floor((now - moment) / 60_000));
  if (minutes < 1) return say("justNow");
  const hours = Math.floor(minutes / 60);
  const text =
    minutes < 60
      ? words.format(-minutes, "minute")
      : hours < 48
        ? words.format(-hours, "hour")
        : words.format(-Math.floor(hours / 24), "day");
  return messages.language === "ja" ? text.replaceAll(" ", "") : text;
}

function drawAges(root) {
  for (const element of root.querySelectorAll("[data-age]")) {
    const text = age(Date.parse(element.dataset.age));
    if (element.textContent !== text) element.textContent = text;
  }
}

/** Mark rows whose reading is older than twice its interval; true when any changed. */
function markLate(root) {
  let changed = false;
  for (const row of root.querySelectorAll('[data-late-after][data-state="normal"]')) {
    if (Date.now() < Date.parse(row.dataset.lateAfter)) continue;
    row.dataset.state = "late";
    const badge = document.createElement("span");
    badge.className = "state state--late";
    badge.textContent = say("late");
    row.querySelector(".badges")?.append(badge);
    changed = true;
  }
  return changed;
}

export function keepAges(onLate) {
  const draw = () => {
    drawAges(document);
    if (markLate(document)) onLate();
  };
  draw();
  setInterval(draw, EVERY);
}
