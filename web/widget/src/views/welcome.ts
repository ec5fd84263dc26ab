/** The beginning of a conversation: a greeting and ways to start. */

import { html, type TemplateResult } from "lit";

import { payload } from "../protocol";
import { en as words } from "../words/en";
import type { Actions } from "./actions";
import { moveFocus } from "./keys";

/** What is shown before the first word; `product` is the one the page is about. */
export function welcomeView(product: string | undefined, actions: Actions): TemplateResult {
  const starters: [string, string | null][] = [
    ...(product
      ? [[words.startGoesWith, payload("goes_with", { product })] satisfies [string, string | null]]
      : []),
    [words.startSuggest, "/ask_suggestions"],
    [words.startChoose, "/help_me_choose"],
    [words.startCart, "/view_cart"],
    [words.startDelivery, null],
  ];
  const onKeydown = (event: KeyboardEvent): void => {
    moveFocus(event, "button", { back: "ArrowUp", on: "ArrowDown" });
  };
  return html`<div class="welcome">
    <p class="welcome-title">${words.welcomeTitle}</p>
    <p>${words.welcomeText}</p>
    <div class="starters" @keydown=${onKeydown}>
      ${starters.map(
        ([text, meant]) =>
          html`<button
            class="reply"
            type="button"
            @click=${() => {
              actions.say(text, meant);
            }}
          >
            ${text}
          </button>`,
      )}
    </div>
  </div>`;
}
