// Shows reminders as notifications, tells the shop that they were shown, and opens the cart.

self.addEventListener("push", (event) => event.waitUntil(show(event.data)));
self.addEventListener("notificationclick", (event) => event.waitUntil(open(event)));
self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(renew(event)));

async function show(data) {
  if (!data) return;
  const message = data.json();
  await self.registration.showNotification(message.title, {
    body: message.text,
    lang: message.lang,
    tag: message.id,
    actions: message.buttons.map(({ title }, place) => ({ action: String(place), title })),
    data: message.buttons.map(({ url }) => url),
  });
  await post(new URL(message.shown).pathname);
}

async function open({ notification, action }) {
  notification.close();
  await self.clients.openWindow(notification.data[Number(action || 0)]);
}

/** The browser changed its subscription: what the shop knows must not go nowhere. */
async function renew({ oldSubscription, newSubscription }) {
  const { key } = await (await fetch("/push/key")).json();
  const subscription = newSubscription || await self.registration.pushManager.subscribe({
    userVisibleOnly: true,
    applicationServerKey: key,
  });
  const was = oldSubscription ? oldSubscription.endpoint : null;
  const answer = await post("/push/subscriptions/kept", { ...subscription.toJSON(), was });
  if (answer.status === 401 || answer.status === 404) await subscription.unsubscribe();
}

function post(path, body) {
  return fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });
}
