// Makes the shop's pages livelier. Every page works without it; here forms answer without a
// reload, and the cart stays the same on the page, in the chat and in other tabs.

const data = JSON.parse(document.getElementById("shop-data").textContent);
const words = data.words;
const channel = "BroadcastChannel" in window ? new BroadcastChannel("cartwright") : null;

window.dataLayer = window.dataLayer || [];
for (const event of data.events) window.dataLayer.push(event);
document.documentElement.classList.add("js");

// --- Talking to the shop -------------------------------------------------------------------

async function send(method, path, body) {
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Error(words.offline);
  }
  const answer = response.status === 204 ? {} : await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.detail || words.failed);
  return answer;
}

function say(text, link) {
  const notes = document.getElementById("notes");
  const note = document.createElement("p");
  note.className = "note";
  note.append(text);
  if (link) {
    const anchor = document.createElement("a");
    anchor.href = link.href;
    anchor.textContent = link.text;
    note.append(anchor);
  }
  notes.classList.add("floating");
  notes.replaceChildren(note);
  clearTimeout(say.timer);
  say.timer = setTimeout(() => notes.replaceChildren(), 7000);
}

// --- The cart, the same everywhere ---------------------------------------------------------

function plural(forms, n) {
  const form = new Intl.PluralRules(document.documentElement.lang).select(n);
  return (forms[form] || forms.other).replace("{n}", n);
}

function showCart({ cart }) {
  const badge = document.querySelector("[data-cart-count]");
  badge.textContent = cart.count;
  badge.hidden = cart.count === 0;
  document.querySelector("[data-cart-words]").textContent = plural(words.cart_count, cart.count);
  if (document.querySelector("[data-cart-page]")) reloadCartPage();
}

/** The server draws the cart; this puts its newest drawing in place and keeps the focus. */
async function reloadCartPage() {
  const turn = (reloadCartPage.turn = (reloadCartPage.turn || 0) + 1);
  const response = await fetch("/cart", { headers: { Accept: "text/html" } });
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  if (turn !== reloadCartPage.turn) return;
  const focused = document.activeElement;
  const line = focused && focused.closest("[data-variant]");
  const key = line && { variant: line.dataset.variant, label: focused.getAttribute("aria-label"), id: focused.id };
  document.querySelector("[data-cart-page]").replaceWith(fresh.querySelector("[data-cart-page]"));
  if (!key) return;
  const again = document.querySelector(`[data-variant="${CSS.escape(key.variant)}"]`);
  const target = again && [...again.querySelectorAll("button, input")].find((element) =>
    key.label ? element.getAttribute("aria-label") === key.label : element.id === key.id);
  const fallback = again ? again.querySelector("input[type=number]") : document.querySelector("[data-cart-page] h1");
  const to = target && !target.disabled ? target : fallback;
  if (to.tagName === "H1") to.tabIndex = -1;
  to.focus({ preventScroll: true });
}

/** Tell the chat on this page and every other tab about a change made here. */
function cartChanged(answer) {
  const detail = { cart: answer.cart };
  for (const event of answer.events || []) window.dataLayer.push({ ecommerce: null }, event);
  document.dispatchEvent(new CustomEvent("cartwright:cart", { detail }));
  if (channel) channel.postMessage(detail);
}

document.addEventListener("cartwright:cart", (event) => showCart(event.detail));
if (channel) {
  channel.addEventListener("message", ({ data: message }) => {
    if (message && message.cart) showCart(message);
  });
}

// --- Forms that answer in place ------------------------------------------------------------

const handlers = {
  "[data-cart-add]": async (form, fields) => {
    const answer = await send("POST", "/cart/lines", { variant_id: fields.variant_id, quantity: Number(fields.quantity) });
    cartChanged(answer);
    const line = answer.cart.lines.find((each) => each.variant_id === fields.variant_id);
    say(words.added.replace("{title}", line ? line.title : ""), { href: "/cart", text: words.view_cart });
  },
  "[data-cart-quantity]": async (form, fields) => {
    const quantity = Number(fields.quantity === undefined || fields.quantity === "typed" ? fields.typed : fields.quantity);
    const path = `/cart/lines/${encodeURIComponent(fields.variant_id)}`;
    cartChanged(await send("PATCH", path, { quantity }));
  },
  "[data-cart-remove]": async (form, fields) => {
    cartChanged(await send("DELETE", `/cart/lines/${encodeURIComponent(fields.variant_id)}`));
  },
  "[data-not-interested]": async (form, fields) => {
    await send("POST", "/feedback", { kind: "not_interested", product_id: fields.product_id, suggestion_id: fields.suggestion_id || null });
    const item = form.closest("li");
    const next = item.nextElementSibling || item.previousElementSibling;
    const section = item.closest("[data-suggestions]");
    item.remove();
    if (next) next.querySelector("a").focus();
    else section.remove();
    say(words.hidden);
  },
};

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const found = Object.keys(handlers).find((selector) => form.matches(selector));
  if (!found) return;
  event.preventDefault();
  if (form.dataset.busy) return;
  form.dataset.busy = "1";
  try {
    await handlers[found](form, Object.fromEntries(new FormData(form, event.submitter)));
  } catch (error) {
    say(error.message);
    if (found === "[data-cart-quantity]") reloadCartPage();
  } finally {
    delete form.dataset.busy;
  }
});

document.addEventListener("change", (event) => {
  const input = event.target;
  if (input.matches("[data-cart-quantity] input[type=number]")) input.form.requestSubmit();
  if (input.matches(".buy input[name=variant_id]")) {
    document.querySelector("[data-stock-line]").replaceChildren(...parse(input.dataset.stock));
    document.querySelector("[data-price]").replaceChildren(...parse(input.dataset.price));
  }
  if (input.matches("[data-filters] select, [data-filters] input[type=checkbox]")) input.form.requestSubmit();
});

/** Nodes of a piece of the server's own, already escaped, HTML. */
function parse(html) {
  return new DOMParser().parseFromString(html, "text/html").body.childNodes;
}

// Empty fields do not belong in an address that people share.
document.addEventListener("formdata", (event) => {
  if (!event.target.matches("[data-filters]")) return;
  for (const [name, value] of [...event.formData.entries()]) if (value === "") event.formData.delete(name);
});

// --- Small comforts ------------------------------------------------------------------------

const fold = document.querySelector("[data-filters-fold]");
if (fold) {
  const narrow = window.matchMedia("(max-width: 55.99rem)");
  fold.open = !narrow.matches;
  narrow.addEventListener("change", () => { fold.open = !narrow.matches; });
}

const menu = document.querySelector("[data-menu]");
document.addEventListener("click", (event) => {
  if (!menu.contains(event.target)) menu.open = false;
});
menu.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !menu.open) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

const alertBox = document.querySelector("[data-focus]");
if (alertBox) alertBox.focus();

customElements.whenDefined("cartwright-chat").then(() => {
  for (const button of document.querySelectorAll("[data-open-chat]")) {
    button.hidden = false;
    button.addEventListener("click", () => document.dispatchEvent(new CustomEvent("cartwright:open")));
  }
});
