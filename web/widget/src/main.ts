/** The script that a shop embeds: it puts the chat on the page, once. */

import { CartwrightChat } from "./element";

const TAG = "cartwright-chat";
// Only known while the script itself runs.
const script = document.currentScript;

function place(): void {
  if (document.querySelector(TAG)) return;
  const chat = document.createElement(TAG);
  if (script instanceof HTMLScriptElement) {
    if (script.src) chat.setAttribute("api", new URL(script.src).origin);
    const token = script.dataset["token"];
    if (token) chat.setAttribute("token", token);
  }
  document.body.append(chat);
}

if (!customElements.get(TAG)) {
  customElements.define(TAG, CartwrightChat);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", place);
  else place();
}
