// Notifications on this device: a form that shows where the browser can, and is sent as any other.
const WORKER = "/push-worker.js";

function bytes(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

async function subscription(key) {
  const registration = await navigator.serviceWorker.register(WORKER);
  await navigator.serviceWorker.ready;
  const known = await registration.pushManager.getSubscription();
  const same = known && btoa(String.fromCharCode(...new Uint8Array(known.options.applicationServerKey)));
  if (known && same.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "") === key) return known;
  // Made for another key, that of an installation before: nobody can send by it any more.
  if (known) await known.unsubscribe();
  return registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) });
}

function say(form, text) {
  const place = form.querySelector("[role=status]");
  if (place) place.textContent = text || "";
}

async function ask(form) {
  const permission = await Notification.requestPermission();
  if (permission !== "granted") {
    say(form, form.dataset.pushRefused);
    return;
  }
  const found = await subscription(form.dataset.pushKey);
  form.elements.subscription.value = JSON.stringify(found);
  form.requestSubmit();
}

export function keepPush() {
  const able = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
  for (const form of document.querySelectorAll("form[data-push-subscribe]")) {
    if (!able || form.dataset.watched) continue;
    form.dataset.watched = "yes";
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      if (form.elements.subscription.value) return;
      event.preventDefault();
      say(form, form.dataset.pushAsking);
      ask(form).catch(() => say(form, form.dataset.pushFailed));
    });
  }
}
