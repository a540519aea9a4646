// The service worker: shows what is pushed, opens its page, and says that it did (delivered, read).
// It has no fetch handler: pages come from the network as ever.
const receipt = (data, state) =>
  data.receipt &&
  fetch("/push/receipt/", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ receipt: data.receipt, state }),
    credentials: "omit",
    keepalive: true,
  }).catch(() => {});

const read = (event) => {
  try {
    return event.data.json();
  } catch {
    return {};
  }
};

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => {
  const data = read(event);
  const shown = self.registration.showNotification(data.title || "Tamamo", {
    body: [data.body, data.from].filter(Boolean).join("\n"),
    lang: data.lang || "ja",
    tag: data.tag,
    renotify: Boolean(data.tag),
    requireInteraction: Boolean(data.urgent),
    data,
  });
  event.waitUntil(shown.then(() => receipt(data, "delivered")));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const data = event.notification.data || {};
  const opened = data.url ? self.clients.openWindow(data.url) : Promise.resolve();
  event.waitUntil(Promise.allSettled([receipt(data, "read"), opened]));
});

// The push service may give a browser another address: the old one is known here, and nowhere else.
self.addEventListener("pushsubscriptionchange", (event) => {
  const old = event.oldSubscription;
  if (!old) return;
  const renewed = event.newSubscription
    ? Promise.resolve(event.newSubscription)
    : self.registration.pushManager.subscribe(old.options);
  const told = (next) =>
    fetch("/push/change/", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ endpoint: old.endpoint, subscription: next.toJSON() }),
      credentials: "omit",
    });
  event.waitUntil(renewed.then(told).catch(() => {}));
});
