/** The few pictures of the widget, drawn in the colour of the text around them. */

import { html, svg, type TemplateResult } from "lit";

function icon(paths: TemplateResult): TemplateResult {
  return html`<svg
    viewBox="0 0 24 24"
    width="20"
    height="20"
    fill="none"
    stroke="currentColor"
    stroke-width="1.75"
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
    focusable="false"
  >
    ${paths}
  </svg>`;
}

export const icons = {
  chat: icon(
    svg`<path d="M4 11.5C4 7.4 7.6 4 12 4s8 3.4 8 7.5S16.4 19 12 19c-1 0-2-.2-2.9-.5L5 20l1.1-3.5A7 7 0 0 1 4 11.5Z"/><path d="M8.5 10.2h7M8.5 13.2h4.5"/>`,
  ),
  close: icon(svg`<path d="m6 6 12 12M18 6 6 18"/>`),
  cart: icon(
    svg`<path d="M3 4h2.2l2.3 11h10l2-8H6.2"/><circle cx="9" cy="19" r="1.3"/><circle cx="16.5" cy="19" r="1.3"/>`,
  ),
  send: icon(svg`<path d="M12 19V5M6 11l6-6 6 6"/>`),
  down: icon(svg`<path d="M12 5v14M6 13l6 6 6-6"/>`),
  check: icon(svg`<path d="m5 12.5 4.5 4.5L19 7.5"/>`),
  retry: icon(svg`<path d="M19 12a7 7 0 1 1-2.1-5M19 4v4h-4"/>`),
  reason: icon(svg`<path d="M12 4.5 13.8 10l5.7 2-5.7 2L12 19.5 10.2 14l-5.7-2 5.7-2Z"/>`),
} as const;
