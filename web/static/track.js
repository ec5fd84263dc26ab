/**
 * Sends a shop's GA4 e-commerce events to Cartwright. A shop that is tagged for GA4 adds one line:
 *
 *   <script src="https://assistant.example/static/track.js" defer></script>
 *
 * It listens to `window.dataLayer`, to what was pushed before it loaded as well, in both forms that
 * GA4 knows: gtag("event", name, params) and {event: name, ecommerce: {...}}. Attributes of the
 * script element: `data-layer` names another data layer; `data-token` gives an identity that the
 * shop's own server has signed.
 *
 * Events wait in this origin's storage until the server has confirmed them, so none is lost when a
 * page closes or the network fails; each has an id, so one that is sent twice counts once. Nothing
 * is kept or sent while the page's Google consent mode denies analytics storage.
 */
(() => {
  "use strict";

  if (window.cartwrightTracker) return;
  window.cartwrightTracker = true;

  const NAMES = new Set([
    "view_item", "view_item_list", "select_item", "search", "add_to_wishlist", "add_to_cart",
    "remove_from_cart", "view_cart", "begin_checkout", "add_shipping_info", "add_payment_info",
    "purchase", "refund", "view_promotion", "select_promotion",
  ]);
  const WITH_ITEMS = new Set([
    "view_item", "select_item", "add_to_wishlist", "add_to_cart", "remove_from_cart", "purchase",
  ]);
  // The same key as the chat widget's, so that page and chat know one visitor.
  const TOKEN_KEY = "cartwright:token";
  const QUEUE_KEY = "cartwright:events";
  const SESSION_KEY = "cartwright:session";
  const SESSION_GAP_MS = 30 * 60 * 1000;
  const MOST_QUEUED = 1000;
  const MOST_ITEMS = 200;
  const BATCH = 50;
  // Browsers send at most 64 KiB after a page has closed.
  const BATCH_BYTES = 60_000;
  const QUIET_MS = 400;
  const FIRST_RETRY_MS = 1_000;
  const LAST_RETRY_MS = 60_000;

  const script = document.currentScript;
  const api = script ? new URL(script.src).origin : location.origin;
  const layerName = script?.dataset.layer || "dataLayer";
  const given = script?.dataset.token || null;
  const isElsewhere = api !== location.origin;

  let unstored = null; // The queue, where storage is blocked.
  let allowed = true;
  let sending = false;
  let timer = 0;
  let retryMs = FIRST_RETRY_MS;

  function recall(key) {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  }

  function remember(key, value) {
    try {
      if (value === null) localStorage.removeItem(key);
      else localStorage.setItem(key, value);
      return true;
    } catch {
      return false;
    }
  }

  function queue() {
    if (unstored) return unstored;
    try {
      const events = JSON.parse(recall(QUEUE_KEY) || "[]");
      return Array.isArray(events) ? events : [];
    } catch {
      return [];
    }
  }

  function keep(events) {
    const kept = events.slice(-MOST_QUEUED);
    if (unstored || !remember(QUEUE_KEY, JSON.stringify(kept))) unstored = kept;
  }

  function forget(ids) {
    keep(queue().filter((event) => !ids.has(event.event_id)));
  }

  function newId() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  function sessionId() {
    const now = Date.now();
    let session = null;
    try {
      session = JSON.parse(recall(SESSION_KEY) || "null");
    } catch {
      // Somebody else's value: start anew.
    }
    const goesOn = session && typeof session.id === "string" && now - session.at < SESSION_GAP_MS;
    const id = goesOn ? session.id : newId();
    remember(SESSION_KEY, JSON.stringify({ id, at: now }));
    return id;
  }

  function text(value, length) {
    if (typeof value !== "string" && typeof value !== "number") return undefined;
    // eslint-disable-next-line no-control-regex
    return String(value).replace(/[\u0000-\u001f\u007f]/g, " ").trim().slice(0, length) || undefined;
  }

  function amount(value) {
    const number = typeof value === "string" ? Number(value.trim() || NaN) : value;
    return Number.isFinite(number) && number >= 0 ? number : undefined;
  }

  function readItem(item) {
    const item_id = text(item?.item_id, 64);
    if (!item_id) return null;
    const quantity = Math.round(amount(item.quantity) ?? 1);
    return {
      item_id,
      item_variant: text(item.item_variant, 64),
      price: amount(item.price),
      quantity: Math.max(1, quantity),
    };
  }

  /** The event as the server takes it, or null where it is none that it takes. */
  function readEvent(name, params, eventId) {
    if (name === "view_search_results") name = "search";
    if (!NAMES.has(name) || typeof params !== "object" || params === null) return null;
    const items = Array.isArray(params.items)
      ? params.items.map(readItem).filter(Boolean).slice(0, MOST_ITEMS)
      : [];
    const event = {
      name,
      event_id: text(eventId ?? params.event_id, 64) ?? newId(),
      timestamp_micros: Date.now() * 1000,
      params: {
        items,
        currency: /^[A-Z]{3}$/.test(params.currency ?? "") ? params.currency : undefined,
        value: amount(params.value),
        search_term: text(params.search_term, 200),
        transaction_id: text(params.transaction_id, 64),
        session_id: sessionId(),
      },
    };
    if (WITH_ITEMS.has(name) && items.length === 0) return null;
    if (name === "search" && !event.params.search_term) return null;
    if (name === "purchase" && !event.params.transaction_id) return null;
    return event;
  }

  /** One entry of the data layer: an object, or the arguments of a gtag() call. */
  function take(entry) {
    if (typeof entry !== "object" || entry === null) return;
    if (entry[0] === "consent") {
      const state = entry[2]?.analytics_storage;
      if (state) allowed = state === "granted";
      if (!allowed) keep([]);
      return;
    }
    if (!allowed) return;
    const event =
      entry[0] === "event"
        ? readEvent(entry[1], entry[2] ?? {})
        : typeof entry.event === "string"
          ? readEvent(entry.event, { ...entry, ...entry.ecommerce }, entry.event_id)
          : null;
    if (!event) return;
    keep([...queue(), event]);
    sendIn(QUIET_MS);
  }

  function sendIn(ms) {
    clearTimeout(timer);
    timer = setTimeout(send, ms);
  }

  function nextBatch() {
    const batch = [];
    let bytes = 0;
    for (const event of queue()) {
      bytes += new Blob([JSON.stringify(event)]).size + 1;
      if (batch.length === BATCH || (batch.length > 0 && bytes > BATCH_BYTES)) break;
      batch.push(event);
    }
    return batch;
  }

  function post(path, body) {
    const bearer = given ?? (isElsewhere ? recall(TOKEN_KEY) : null);
    return fetch(api + path, {
      method: "POST",
      credentials: "include",
      keepalive: true,
      headers: {
        "Content-Type": "application/json",
        ...(bearer === null ? {} : { Authorization: `Bearer ${bearer}` }),
      },
      body: JSON.stringify(body),
    });
  }

  /** A new visitor, made once even where several tabs want one. */
  async function newVisitor(refused) {
    const make = async () => {
      if (isElsewhere && recall(TOKEN_KEY) !== refused) return true;
      if (isElsewhere) remember(TOKEN_KEY, null);
      const response = await post("/visitors", {});
      if (!response.ok) return false;
      const { token } = await response.json();
      return !isElsewhere || remember(TOKEN_KEY, token);
    };
    return navigator.locks ? navigator.locks.request("cartwright-visitor", make) : make();
  }

  async function send() {
    const batch = nextBatch();
    if (sending || batch.length === 0) return;
    sending = true;
    const again = await deliver(batch).catch(() => false);
    sending = false;
    if (!again) {
      sendIn(retryMs * (0.5 + Math.random()));
      retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
      return;
    }
    retryMs = FIRST_RETRY_MS;
    if (queue().length > 0) sendIn(0);
  }

  /** Whether to go on at once; what was confirmed or refused for good has left the queue. */
  async function deliver(batch) {
    const token = isElsewhere ? recall(TOKEN_KEY) : null;
    const response = await post("/events", { events: batch });
    if (response.ok) {
      forget(new Set(batch.map((event) => event.event_id)));
      return true;
    }
    if (response.status === 401) return given === null && newVisitor(token);
    if (response.status < 400 || response.status >= 500) return false;
    if (response.status === 408 || response.status === 429 || response.status === 403) return false;
    const refused = await wrongOnes(response, batch);
    forget(new Set(refused.map((event) => event.event_id)));
    return true;
  }

  /** The events that the server names as wrong; all of them where it names none. */
  async function wrongOnes(response, batch) {
    const problem = await response.json().catch(() => null);
    const named = (problem?.errors ?? []).map((error) => /^events\[(\d+)\]/.exec(error.field)?.[1]);
    const wrong = batch.filter((_, index) => named.includes(String(index)));
    return wrong.length > 0 ? wrong : batch;
  }

  /** The page may be gone in a moment: send without waiting; what arrived is confirmed later. */
  function sendNow() {
    const batch = nextBatch();
    if (batch.length === 0) return;
    const body = JSON.stringify({ events: batch });
    if (given === null && !isElsewhere && navigator.sendBeacon) {
      navigator.sendBeacon(`${api}/events`, new Blob([body], { type: "application/json" }));
    } else {
      post("/events", { events: batch }).catch(() => {});
    }
  }

  const layer = (window[layerName] = window[layerName] || []);
  for (const entry of [...layer]) take(entry);
  const push = layer.push;
  layer.push = function (...entries) {
    const result = push.apply(this, entries);
    for (const entry of entries) {
      try {
        take(entry);
      } catch {
        // A tag of the shop's must never fail because of us.
      }
    }
    return result;
  };
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") sendNow();
  });
  window.addEventListener("pagehide", sendNow);
  window.addEventListener("online", () => sendIn(0));
  if (queue().length > 0) sendIn(QUIET_MS);
})();
