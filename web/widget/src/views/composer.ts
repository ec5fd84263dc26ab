/** Where the shopper writes. */

import { html, type TemplateResult } from "lit";

import { MAX_MESSAGE_LENGTH, lengthOf } from "../protocol";
import { en as words } from "../words/en";
import { icons } from "./icons";

/** The characters that are left when the counter appears. */
const COUNTER_FROM = 200;

interface Handlers {
  input: (event: Event) => void;
  key: (event: KeyboardEvent) => void;
  submit: (event: Event) => void;
}

/** The input with its counter and the button that sends. */
export function composerView(text: string, on: Handlers): TemplateResult {
  const left = MAX_MESSAGE_LENGTH - lengthOf(text);
  const counter =
    left < 0 ? words.charactersOver(-left) : left <= COUNTER_FROM ? words.charactersLeft(left) : "";
  return html`<form class="composer" @submit=${on.submit}>
    <label class="hidden" for="input">${words.inputLabel}</label>
    <textarea
      id="input"
      rows="1"
      dir="auto"
      autocomplete="off"
      enterkeyhint="send"
      placeholder=${words.inputPlaceholder}
      aria-describedby="counter"
      aria-invalid=${left < 0 ? "true" : "false"}
      .value=${text}
      @input=${on.input}
      @keydown=${on.key}
    ></textarea>
    <button
      class="send"
      type="submit"
      aria-label=${words.send}
      ?disabled=${left < 0 || text.trim() === ""}
    >
      ${icons.send}
    </button>
    <p id="counter" class="counter ${left < 0 ? "over" : ""}" aria-live="polite">${counter}</p>
  </form>`;
}

/** Make the input as tall as its text. */
export function grow(input: HTMLTextAreaElement): void {
  input.style.height = "auto";
  input.style.height = `${input.scrollHeight}px`;
}
