/** Product cards: what it is, what it costs, whether it is there, and why it is shown. */

import { html, nothing, type TemplateResult } from "lit";

import { payload, type Card } from "../protocol";
import { safeUrl } from "../urls";
import { en as words } from "../words/en";
import type { Actions } from "./actions";
import { icons } from "./icons";
import { moveFocus } from "./keys";

export function cardList(cards: readonly Card[], actions: Actions): TemplateResult {
  const onKeydown = (event: KeyboardEvent): void => {
    moveFocus(event, "li", { back: "ArrowUp", on: "ArrowDown" });
  };
  return html`<ol class="cards" aria-label=${words.products} @keydown=${onKeydown}>
    ${cards.map((card, index) => html`<li>${cardView(card, index + 1, cards.length, actions)}</li>`)}
  </ol>`;
}

function cardView(card: Card, place: number, of: number, actions: Actions): TemplateResult {
  const kind = [card.colour, card.size].filter(Boolean).join(" · ");
  // Many catalogues begin the title with the brand; once is enough.
  const brand = card.title.startsWith(card.brand) ? "" : card.brand;
  const add = (): void => {
    const variant = card.variantId;
    const what = [card.title, ...(kind ? [`(${kind})`] : [])].join(" ");
    actions.say(words.sayAdd(what), variant ? payload("add_to_cart", { variant }) : null);
  };
  const why = (): void => {
    actions.say(words.sayWhy(card.title), payload("why_this", { product: card.productId }));
  };
  const hide = (): void => {
    const meant = payload("not_interested", { product: card.productId });
    actions.say(words.sayNotInterested(card.title), meant);
  };
  const addButton = html`<button
    class="button soft"
    type="button"
    aria-label=${words.addToCartOf(card.title)}
    @click=${add}
  >
    ${words.addToCart}
  </button>`;
  return html`<article class="card">
    <div class="card-picture">
      ${picture(card, actions.base)}
      ${of > 1 ? html`<span class="card-place" aria-hidden="true">${place}</span>` : nothing}
    </div>
    <div class="card-body">
      ${brand ? html`<p class="card-brand" dir="auto">${brand}</p>` : nothing}
      <p class="card-title" dir="auto">${titleLink(card, actions.base)}</p>
      <p class="card-kind"><span dir="auto">${kind}</span>${stockView(card)}</p>
      <div class="card-foot">
        <p>${priceView(card)}</p>
        ${card.isInCart ? cartLink(actions.base) : card.stock === "out" ? nothing : addButton}
      </div>
    </div>
    ${
      card.reason
        ? html`<p class="card-reason">${icons.reason}<span dir="auto">${card.reason}</span></p>`
        : nothing
    }
    ${
      card.suggestionId
        ? html`<div class="card-actions">
            <button
              class="quiet-button"
              type="button"
              aria-label=${words.whyThisOf(card.title)}
              @click=${why}
            >
              ${words.whyThis}
            </button>
            <button
              class="quiet-button"
              type="button"
              aria-label=${words.notInterestedOf(card.title)}
              @click=${hide}
            >
              ${words.notInterested}
            </button>
          </div>`
        : nothing
    }
  </article>`;
}

export function cartLink(base: string): TemplateResult | typeof nothing {
  const href = safeUrl("/cart", base);
  return href ? html`<a class="button soft" href=${href}>${words.openCart}</a>` : nothing;
}

export function titleLink(card: Card, base: string): TemplateResult {
  const href = safeUrl(card.url, base);
  return href ? html`<a href=${href}>${card.title}</a>` : html`${card.title}`;
}

export function picture(card: Card, base: string): TemplateResult | typeof nothing {
  const source = safeUrl(card.picture, base);
  if (!source) return nothing;
  const onError = (event: Event): void => {
    (event.target as HTMLImageElement).hidden = true;
  };
  return html`<img src=${source} alt="" width="88" height="88" loading="lazy" @error=${onError} />`;
}

function priceView(card: Card): TemplateResult | typeof nothing {
  if (!card.price) return nothing;
  if (!card.listPrice) return html`<strong class="price">${card.price.text}</strong>`;
  return html`<strong class="price price-reduced">${card.price.text}</strong>
    <s class="price-before"
      ><span class="hidden">${words.listPrice} </span>${card.listPrice.text}</s
    >`;
}

function stockView(card: Card): TemplateResult | typeof nothing {
  if (!card.stock) return nothing;
  return html`<span class="stock stock-${card.stock}">${words.stock[card.stock]}</span>`;
}
