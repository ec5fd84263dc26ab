/** The transcript, its buttons and the field to write in. */

import { css } from "lit";

export const talk = css`
  /* Transcript */
  .log-frame {
    position: relative;
    display: flex;
    flex-direction: column;
    flex: 1;
    min-height: 0;
  }
  .log {
    position: relative;
    display: flex;
    flex: 1;
    flex-direction: column;
    gap: 6px;
    min-width: 0;
    padding: 18px 16px 14px;
    overflow-x: hidden;
    overflow-y: auto;
    overscroll-behavior: contain;
    scrollbar-width: thin;
    scrollbar-color: var(--line) transparent;
  }
  .log:focus-visible {
    outline-offset: -3px;
    border-radius: 6px;
  }
  .loading {
    margin: auto;
    color: var(--muted);
  }
  .entry {
    display: flex;
    flex-direction: column;
    gap: 8px;
    min-width: 0;
  }
  .entry.user {
    align-items: flex-end;
    margin-top: 8px;
  }
  .entry.bot {
    align-items: flex-start;
  }
  .user + .bot {
    margin-top: 4px;
  }
  .bubble {
    max-width: 86%;
    padding: 9px 14px;
    border-radius: 16px;
  }
  .text {
    display: block;
    overflow-wrap: anywhere;
    white-space: pre-wrap;
    unicode-bidi: isolate;
  }
  .bot .bubble {
    background: var(--raised);
    border-end-start-radius: 5px;
  }
  .user .bubble {
    background: var(--accent);
    color: var(--on-accent);
    border-end-end-radius: 5px;
  }
  .bubble a {
    text-decoration-thickness: 1px;
    text-underline-offset: 2px;
  }
  .stamp {
    display: flex;
    align-items: center;
    gap: 4px;
    padding: 0 4px;
    color: var(--muted);
    font-size: 12px;
  }
  .stamp svg {
    width: 14px;
    height: 14px;
  }
  .checked {
    color: var(--good);
  }
  .failed {
    flex-wrap: wrap;
    justify-content: flex-end;
    color: var(--bad);
    font-size: 13px;
  }
  .day {
    display: flex;
    align-items: center;
    gap: 12px;
    margin: 10px 0 6px;
    color: var(--muted);
    font-size: 12px;
  }
  .day::before,
  .day::after {
    content: "";
    flex: 1;
    border-top: 1px solid var(--line);
  }
  .earlier {
    align-self: center;
  }
  .latest {
    display: flex;
    align-items: center;
    justify-content: center;
    height: 28px;
    flex: none;
    border: 0;
    border-top: 1px solid var(--line);
    background: var(--surface);
    color: var(--muted);
  }
  .latest:hover {
    color: var(--text);
  }
  .typing {
    display: flex;
    gap: 5px;
    align-self: flex-start;
    padding: 14px 16px;
    border-radius: 16px;
    border-end-start-radius: 5px;
    background: var(--raised);
  }
  .typing i {
    width: 7px;
    height: 7px;
    border-radius: 50%;
    background: var(--muted);
    animation: breathe 1.2s ease-in-out infinite;
  }
  .typing i:nth-of-type(2) {
    animation-delay: 0.15s;
  }
  .typing i:nth-of-type(3) {
    animation-delay: 0.3s;
  }
  @keyframes breathe {
    0%,
    60%,
    100% {
      opacity: 0.3;
    }
    30% {
      opacity: 1;
    }
  }

  /* Buttons */
  .button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    min-height: 38px;
    padding: 0 16px;
    border-radius: 19px;
    background: var(--accent);
    color: var(--on-accent);
    font-size: 14px;
    font-weight: 600;
    text-decoration: none;
  }
  .button:hover {
    filter: brightness(1.08);
  }
  .soft {
    min-height: 36px;
    padding: 0 14px;
    background: color-mix(in srgb, var(--accent) 12%, var(--surface));
    color: var(--accent);
  }
  .soft:hover {
    background: var(--accent);
    color: var(--on-accent);
    filter: none;
  }
  .quiet-button {
    display: inline-flex;
    align-items: center;
    gap: 5px;
    min-height: 38px;
    padding: 0 10px;
    border-radius: 19px;
    color: var(--muted);
    font-size: 13px;
    font-weight: 500;
  }
  .quiet-button:hover {
    background: var(--raised);
    color: var(--text);
  }
  .failed .quiet-button {
    min-height: 30px;
    color: var(--bad);
    font-weight: 600;
  }
  .replies,
  .starters {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
    margin-top: 4px;
  }
  .reply {
    min-height: 40px;
    max-width: 100%;
    padding: 7px 16px;
    border: 1px solid color-mix(in srgb, var(--accent) 45%, var(--line));
    border-radius: 20px;
    color: var(--accent);
    font-size: 14px;
    font-weight: 500;
    text-align: start;
    overflow-wrap: anywhere;
  }
  .reply:hover {
    border-color: var(--accent);
    background: color-mix(in srgb, var(--accent) 8%, transparent);
  }
  .welcome {
    display: flex;
    flex-direction: column;
    gap: 4px;
    margin-block-start: auto;
    padding: 8px 4px;
    color: var(--muted);
  }
  .welcome-title {
    color: var(--text);
    font-family: var(--cartwright-heading-font, inherit);
    font-size: 22px;
    font-weight: 600;
    line-height: 1.25;
  }
  .starters {
    flex-direction: column;
    align-items: flex-start;
    margin-top: 14px;
  }

  /* Composer */
  .composer {
    display: grid;
    grid-template-columns: minmax(0, 1fr) auto;
    gap: 0 8px;
    align-items: end;
    padding: 10px 12px 12px;
    border-top: 1px solid var(--line);
  }
  textarea {
    width: 100%;
    min-height: 44px;
    max-height: 140px;
    padding: 10px 16px;
    border: 1px solid var(--line);
    border-radius: 22px;
    background: var(--surface);
    color: inherit;
    font: inherit;
    font-size: 16px;
    line-height: 22px;
    resize: none;
    scrollbar-width: none;
  }
  textarea::placeholder {
    color: var(--muted);
    opacity: 1;
  }
  textarea:focus-visible {
    border-color: var(--accent);
    outline-offset: -1px;
  }
  textarea[aria-invalid="true"] {
    border-color: var(--bad);
  }
  .send {
    display: flex;
    align-items: center;
    justify-content: center;
    width: 44px;
    height: 44px;
    border-radius: 50%;
    background: var(--accent);
    color: var(--on-accent);
    transition: opacity 0.15s ease;
  }
  .send:disabled {
    background: var(--raised);
    color: var(--muted);
    cursor: default;
  }
  .counter {
    grid-column: 1 / -1;
    padding-inline-start: 16px;
    color: var(--muted);
    font-size: 12px;
  }
  .counter:not(:empty) {
    padding-top: 5px;
  }
  .counter.over {
    color: var(--bad);
    font-weight: 600;
  }
`;
