/** The cart inside the conversation, and a table of anything. */

import { html, nothing, type TemplateResult } from "lit";

import type { Cart, CartLine, Money, Table } from "../protocol";
import { safeUrl } from "../urls";
import { en as words } from "../words/en";
import type { Actions } from "./actions";
import { picture, titleLink } from "./card";

export function cartView(cart: Cart, actions: Actions): TemplateResult {
  const href = safeUrl("/cart", actions.base);
  if (cart.lines.length === 0) {
    return html`<section class="cart" aria-label=${words.cartTitle}>
      <p class="cart-empty">${words.cartEmpty}</p>
    </section>`;
  }
  const discount = cart.promotionCode ? words.discountWith(cart.promotionCode) : words.discount;
  return html`<section class="cart" aria-label=${words.cartTitle}>
    <ul class="cart-lines">
      ${cart.lines.map((line) => lineView(line, actions.base))}
    </ul>
    <dl class="totals">
      ${total(words.subtotal, cart.subtotal)}
      ${
        cart.discount && cart.discount.amount !== 0
          ? total(discount, { ...cart.discount, text: minus(cart.discount.text) })
          : nothing
      }
      ${total(
        words.delivery,
        cart.delivery?.amount === 0 ? { ...cart.delivery, text: words.free } : cart.delivery,
      )}
      ${total(words.total, cart.total, "total")}
    </dl>
    ${
      cart.freeDeliveryGap && cart.freeDeliveryGap.amount > 0
        ? html`<p class="cart-gap">${words.freeDeliveryGap(cart.freeDeliveryGap.text)}</p>`
        : nothing
    }
    ${href ? html`<a class="button cart-link" href=${href}>${words.openCart}</a>` : nothing}
  </section>`;
}

/** A cart of the past, which has changed since: only what it came to. */
export function pastCartView(cart: Cart): TemplateResult | typeof nothing {
  if (!cart.total) return nothing;
  return html`<p class="cart-past">${words.cartThen(cart.count, cart.total.text)}</p>`;
}

function lineView(line: CartLine, base: string): TemplateResult {
  const kind = [line.colour, line.size].filter(Boolean).join(" · ");
  return html`<li class="cart-line">
    <div class="cart-picture">${picture(line, base)}</div>
    <div class="cart-what">
      <p class="card-title" dir="auto">${titleLink(line, base)}</p>
      <p class="card-kind" dir="auto">
        <span class="cart-quantity">${words.quantity(line.quantity)}</span> ${kind}
      </p>
    </div>
    <span class="price">${(line.lineTotal ?? line.price)?.text ?? ""}</span>
  </li>`;
}

function total(label: string, money: Money | null, kind = ""): TemplateResult | typeof nothing {
  if (!money) return nothing;
  return html`<div class=${kind}>
    <dt>${label}</dt>
    <dd>${money.text}</dd>
  </div>`;
}

function minus(text: string): string {
  return /^[-−]/.test(text) ? text : `−${text}`;
}

export function tableView(table: Table): TemplateResult {
  return html`<div class="table" role="region" aria-label=${table.columns.join(", ")} tabindex="0">
    <table>
      <thead>
        <tr>
          ${table.columns.map((column) => html`<th scope="col" dir="auto">${column}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${table.rows.map(
          (row) =>
            html`<tr>
              ${row.map((cell, index) =>
                index === 0
                  ? html`<th scope="row" dir="auto">${cell}</th>`
                  : html`<td dir="auto">${cell}</td>`,
              )}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
