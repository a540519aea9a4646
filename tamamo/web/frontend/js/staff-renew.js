// A part of a page that goes on: [data-renew] is fetched anew every so many seconds.
const LONGEST = 8_000;

async function renew(place) {
  // Nobody looks, or somebody is about to press something in it.
  if (document.hidden || place.contains(document.activeElement)) return;
  try {
    const answer = await fetch(location.pathname, { signal: AbortSignal.timeout(LONGEST), redirect: "error" });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const next = page.getElementById(place.id);
    if (next && !place.contains(document.activeElement) && place.innerHTML !== next.innerHTML)
      place.replaceChildren(...next.childNodes);
  } catch {
    // The server may be busy or restarting: asked again at the next turn.
  }
}

export function keepRenewed() {
  for (const place of document.querySelectorAll("[data-renew]"))
    setInterval(() => renew(place), Number(place.dataset.renew) * 1000);
}
