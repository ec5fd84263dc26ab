/** What shows how the chat is doing: the launcher with its counter, and the notice. */

import { html, nothing, type TemplateResult } from "lit";

import type { Chat } from "../chat";
import { en as words } from "../words/en";
import { icons } from "./icons";

/** The button that opens the chat; `unread` messages have come since it was closed. */
export function launcherView(unread: number, open: () => void): TemplateResult {
  const label =
    unread > 0 ? `${words.launcherOpen}, ${words.launcherUnread(unread)}` : words.launcherOpen;
  return html`<button
    class="launcher"
    type="button"
    aria-label=${label}
    aria-haspopup="dialog"
    aria-expanded="false"
    @click=${open}
  >
    ${icons.chat}<span class="launcher-label">${words.launcherLabel}</span>
    ${
      unread > 0
        ? html`<span class="unread" aria-hidden="true">${Math.min(unread, 99)}</span>`
        : nothing
    }
  </button>`;
}

/** The line that says what is wrong with the connection, or that it is back. */
export function noticeView(
  chat: Pick<Chat, "status" | "problem">,
  wasOffline: boolean,
): TemplateResult {
  let text = "";
  let kind = "";
  if (chat.status === "offline") {
    text = navigator.onLine ? words.unreachable : words.offline;
    kind = "offline";
  } else if (chat.problem) {
    text = words.problems[chat.problem];
    kind = "problem";
  } else if (wasOffline && chat.status === "online") {
    text = words.backOnline;
    kind = "back";
  }
  return html`<p class="notice ${kind}" role="status" ?data-empty=${text === ""}>${text}</p>`;
}
