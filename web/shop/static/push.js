// Reminders in this browser: the account's buttons, and keeping the shop's word on whose they are.

const { who, words } = JSON.parse(document.getElementById("shop-data").textContent).push;
const SEEN = "cartwright-push";
const box = document.querySelector("[data-push]");
const supported = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

/** Something that the shopper can be told, in words of the shop's. */
class Told extends Error {}

async function post(path, body) {
  let answer;
  try {
    answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: body && JSON.stringify(body),
    });
  } catch {
    throw new Told(words.offline);
  }
  return answer;
}

async function current() {
  const registration = supported && await navigator.serviceWorker.getRegistration("/");
  return registration ? registration.pushManager.getSubscription() : null;
}

async function start() {
  if (!supported) throw new Told(words.unsupported);
  const permission = await Notification.requestPermission();
  if (permission === "denied") throw new Told(words.denied);
  if (permission !== "granted") throw new Told(words.not_allowed);
  const answer = await fetch("/push/key").catch(() => null);
  if (!answer || !answer.ok) throw new Told(words.offline);
  const { key } = await answer.json();
  await navigator.serviceWorker.register("/push-worker.js");
  const { pushManager } = await navigator.serviceWorker.ready;
  // One that is there may be somebody else's, or for a key that the shop has no more.
  const before = await pushManager.getSubscription();
  if (before) await before.unsubscribe();
  const options = { userVisibleOnly: true, applicationServerKey: key };
  const subscription = await pushManager.subscribe(options).catch(() => null);
  if (!subscription) throw new Told(words.unreachable);
  const taken = await post("/push/subscriptions", subscription.toJSON()).catch(() => null);
  if (!taken || !taken.ok) {
    await subscription.unsubscribe();
    throw new Told(!taken ? words.offline : taken.status === 422 ? words.unsupported : words.failed);
  }
}

async function stop() {
  const subscription = await current();
  const answer = await post("/push/subscriptions/ended");
  if (!answer.ok) throw new Told(words.failed);
  if (subscription) await subscription.unsubscribe();
}

/** Tell the shop once a day that this browser is still there; somebody else's subscription ends. */
async function keep() {
  const today = `${who} ${new Date().toISOString().slice(0, 10)}`;
  if (localStorage.getItem(SEEN) === today) return;
  const subscription = await current();
  if (!subscription) return;
  const answer = await post("/push/subscriptions/kept", { ...subscription.toJSON(), was: subscription.endpoint });
  if (answer.status === 404) await subscription.unsubscribe();
  if (answer.ok) localStorage.setItem(SEEN, today);
}

async function act(button, what) {
  const note = box.querySelector("[data-push-note]");
  button.disabled = true;
  note.textContent = "";
  try {
    await what();
    location.reload();
  } catch (error) {
    note.textContent = error instanceof Told ? error.message : words.failed;
    button.disabled = false;
  }
}

if (box) {
  box.hidden = false;
  for (const [selector, what] of [["[data-push-start]", start], ["[data-push-stop]", stop]]) {
    const button = box.querySelector(selector);
    if (button) button.addEventListener("click", () => act(button, what));
  }
}

for (const form of document.querySelectorAll("[data-sign-out]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    // What is on its way already must not come before the eyes of who sits here next.
    const ended = current().then((subscription) => subscription && subscription.unsubscribe());
    await Promise.race([ended.catch(() => null), new Promise((done) => setTimeout(done, 1000))]);
    form.submit();
  });
}

keep().catch(() => null);
