// Texts translated on the server.
const source = document.getElementById("messages");
export const messages = source ? JSON.parse(source.textContent) : {};

/** A message with {name} places filled in. */
export function say(name, values = {}) {
  return (messages[name] ?? name).replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
}

const clock = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  timeZone: "Asia/Tokyo",
});

/** 16:05 in Japan time. */
export function clockTime(moment) {
  return clock.format(moment);
}
