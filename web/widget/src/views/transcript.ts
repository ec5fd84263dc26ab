/** The transcript: who said what, with everything that came along. */

import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";

import type { Cart, QuickReply } from "../protocol";
import { newestCart, openQuestion, type Entry, type Transcript } from "../transcript";
import { linkParts } from "../urls";
import { en as words } from "../words/en";
import type { Actions } from "./actions";
import { cardList } from "./card";
import { cartView, pastCartView, tableView } from "./cart";
import { icons } from "./icons";
import { moveFocus } from "./keys";

export interface TranscriptState {
  readonly transcript: Transcript;
  /** How many of the newest entries are shown. */
  readonly shown: number;
  readonly cart: Cart | null;
  readonly isOnline: boolean;
}

export function transcriptView(state: TranscriptState, actions: Actions): TemplateResult {
  const { transcript } = state;
  const entries = transcript.slice(-state.shown);
  const question = openQuestion(transcript);
  const cartAt = newestCart(transcript);
  return html`${repeat(
    entries,
    (entry) => entry.message.id,
    (entry, index) => {
      const isNewest = entry.message.id === cartAt;
      const cart = isNewest ? (state.cart ?? entry.message.cart) : null;
      return html`${dayMark(entries[index - 1], entry)}
      ${entryView(entry, entries[index + 1], cart, state.isOnline, actions)}
      ${entry.message.id === question ? quickReplies(entry.message.quickReplies, actions) : nothing}`;
    },
  )}`;
}

function entryView(
  entry: Entry,
  next: Entry | undefined,
  liveCart: Cart | null,
  isOnline: boolean,
  actions: Actions,
): TemplateResult {
  const { message } = entry;
  const isUser = message.from === "user";
  const endsTurn = next?.message.from !== message.from;
  return html`<div class="entry ${message.from}" data-id=${message.id}>
    ${
      message.text
        ? html`<div class="bubble">
            <span class="hidden">${isUser ? words.you : words.assistant}: </span>
            <span class="text" dir="auto">${textView(message.text)}</span>
          </div>`
        : nothing
    }
    ${message.cards.length > 0 ? cardList(message.cards, actions) : nothing}
    ${liveCart ? cartView(liveCart, actions) : message.cart ? pastCartView(message.cart) : nothing}
    ${message.table ? tableView(message.table) : nothing}
    ${
      isUser
        ? deliveryView(entry, isOnline, actions)
        : endsTurn || message.checked
          ? stampView(entry)
          : nothing
    }
  </div>`;
}

function textView(text: string): (string | TemplateResult)[] {
  return linkParts(text).map((part) =>
    part.href === undefined
      ? part.text
      : html`<a href=${part.href} target="_blank" rel="noopener noreferrer nofollow"
          >${part.text}</a
        >`,
  );
}

function deliveryView(
  { message, delivery, failure }: Entry,
  isOnline: boolean,
  actions: Actions,
): TemplateResult | typeof nothing {
  if (delivery === "sent") return nothing;
  if (delivery === "sending") {
    return html`<p class="stamp">${isOnline ? words.sending : words.waiting}</p>`;
  }
  const retry = (): void => {
    actions.retry(message.id);
  };
  return html`<p class="stamp failed">
    <span>${words.failed} ${failure ? words.problems[failure] : ""}</span>
    <button class="quiet-button" type="button" @click=${retry}>${icons.retry}${words.retry}</button>
  </p>`;
}

function stampView({ message }: Entry): TemplateResult {
  const time = timeOf(message.at);
  const checked = words.checked(time);
  return html`<p class="stamp">
    <time datetime=${message.at.toISOString()}>${time}</time>
    ${
      message.checked
        ? html`<span class="checked" title=${checked}
            >${icons.check}<span class="hidden">${checked}</span></span
          >`
        : nothing
    }
  </p>`;
}

function quickReplies(replies: readonly QuickReply[], actions: Actions): TemplateResult {
  const onKeydown = (event: KeyboardEvent): void => {
    moveFocus(event, "button", { back: "ArrowLeft", on: "ArrowRight" });
  };
  return html`<div
    class="replies"
    role="group"
    aria-label=${words.quickReplies}
    @keydown=${onKeydown}
  >
    ${replies.map(
      (reply) =>
        html`<button
          class="reply"
          type="button"
          dir="auto"
          @click=${() => {
            actions.say(reply.title, reply.payload || null);
          }}
        >
          ${reply.title}
        </button>`,
    )}
  </div>`;
}

function dayMark(before: Entry | undefined, entry: Entry): TemplateResult | typeof nothing {
  const day = dayOf(entry.message.at);
  if (before ? dayOf(before.message.at) === day : day === words.today) return nothing;
  return html`<p class="day"><span>${day}</span></p>`;
}

function dayOf(at: Date): string {
  const today = new Date();
  if (at.toDateString() === today.toDateString()) return words.today;
  today.setDate(today.getDate() - 1);
  if (at.toDateString() === today.toDateString()) return words.yesterday;
  return new Intl.DateTimeFormat(document.documentElement.lang || undefined, {
    day: "numeric",
    month: "long",
  }).format(at);
}

function timeOf(at: Date): string {
  return new Intl.DateTimeFormat(document.documentElement.lang || undefined, {
    timeStyle: "short",
  }).format(at);
}
