/**
 * How the chat looks. A shop sets the `--cartwright-*` properties on the element or any ancestor;
 * docs/widget.md lists them.
 */

import { css } from "lit";

export const styles = css`
  :host {
    --accent: var(--cartwright-accent, light-dark(#23564a, #8fcab6));
    --on-accent: var(--cartwright-on-accent, light-dark(#ffffff, #10231d));
    --surface: var(--cartwright-surface, light-dark(#ffffff, #1b1e1d));
    --raised: var(--cartwright-raised, light-dark(#f4f3ef, #272b29));
    --text: var(--cartwright-text, light-dark(#1f2724, #edf0ee));
    --muted: var(--cartwright-muted, light-dark(#5d6763, #a3ada8));
    --line: var(--cartwright-line, light-dark(#e3e1da, #373d3a));
    --good: light-dark(#23704f, #7fd0a8);
    --warn: light-dark(#8f5a00, #e9b962);
    --bad: light-dark(#a8331f, #f09a88);
    --radius: var(--cartwright-radius, 18px);
    --edge: 20px;
    color-scheme: var(--cartwright-color-scheme, light dark);
    position: fixed;
    inset: auto var(--edge) var(--edge) auto;
    z-index: var(--cartwright-z-index, 1000);
    font-family: var(--cartwright-font, inherit);
    font-size: 15px;
    font-weight: 400;
    line-height: 1.45;
    letter-spacing: normal;
    text-align: start;
    color: var(--text);
    -webkit-text-size-adjust: 100%;
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  p,
  h2,
  ol,
  ul,
  dl,
  dd {
    margin: 0;
    padding: 0;
  }
  ol,
  ul {
    list-style: none;
  }
  svg {
    display: block;
    flex: none;
  }
  a {
    color: inherit;
  }
  button {
    font: inherit;
    color: inherit;
    background: none;
    border: 0;
    padding: 0;
    cursor: pointer;
    -webkit-tap-highlight-color: transparent;
  }
  :focus-visible {
    outline: 2px solid var(--accent);
    outline-offset: 2px;
  }
  .hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }

  /* Launcher */
  .launcher {
    display: flex;
    align-items: center;
    gap: 10px;
    min-height: 52px;
    padding: 0 20px 0 16px;
    border-radius: 26px;
    background: var(--accent);
    color: var(--on-accent);
    font-weight: 600;
    box-shadow:
      0 1px 2px rgb(0 0 0 / 0.16),
      0 8px 24px rgb(0 0 0 / 0.18);
    transition: transform 0.15s ease;
  }
  .launcher:hover {
    transform: translateY(-1px);
  }
  .launcher svg {
    width: 24px;
    height: 24px;
  }
  .launcher:focus-visible {
    outline-offset: 3px;
  }
  .unread {
    min-width: 22px;
    padding: 1px 6px;
    border-radius: 11px;
    background: var(--on-accent);
    color: var(--accent);
    font-size: 13px;
    text-align: center;
  }

  /* Panel */
  .panel {
    position: relative;
    display: flex;
    flex-direction: column;
    width: min(408px, calc(100vw - 2 * var(--edge)));
    /* The head of the page, where shops show the cart, stays in view where there is room. */
    height: min(100dvh - 2 * var(--edge), max(480px, min(660px, 100dvh - 132px)));
    overflow: hidden;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--surface);
    box-shadow:
      0 2px 6px rgb(0 0 0 / 0.08),
      0 24px 64px rgb(0 0 0 / 0.22);
    animation: rise 0.18s ease-out;
  }
  @keyframes rise {
    from {
      opacity: 0;
      transform: translateY(10px);
    }
  }
  header {
    display: flex;
    align-items: center;
    gap: 4px;
    padding: 12px 10px 12px 20px;
    border-bottom: 1px solid var(--line);
  }
  .heading {
    flex: 1;
    min-width: 0;
  }
  h2 {
    font-family: var(--cartwright-heading-font, inherit);
    font-size: 17px;
    font-weight: 600;
    line-height: 1.3;
    outline: none;
  }
  .heading p {
    overflow: hidden;
    color: var(--muted);
    font-size: 13px;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .icon-button {
    display: flex;
    align-items: center;
    justify-content: center;
    gap: 5px;
    min-width: 44px;
    height: 44px;
    border-radius: 12px;
    color: var(--muted);
    text-decoration: none;
  }
  .icon-button:hover {
    background: var(--raised);
    color: var(--text);
  }
  .cart-count {
    padding: 0 10px;
    font-size: 14px;
    font-weight: 600;
    font-variant-numeric: tabular-nums;
  }
  .notice {
    padding: 9px 20px;
    background: var(--raised);
    color: var(--text);
    font-size: 14px;
  }
  .notice.offline,
  .notice.problem {
    background: light-dark(#fbf0dc, #3a2f1a);
  }
  .notice[data-empty] {
    padding: 0;
  }

  /* Transcript */
  .log-frame {
    position: relative;
    display: flex;
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
    position: absolute;
    inset: auto 14px 10px auto;
    display: flex;
    align-items: center;
    justify-content: center;
    width: 40px;
    height: 40px;
    border: 1px solid var(--line);
    border-radius: 50%;
    background: var(--surface);
    color: var(--muted);
    box-shadow: 0 4px 14px rgb(0 0 0 / 0.14);
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

  /* Product cards */
  .cards {
    display: flex;
    flex-direction: column;
    gap: 8px;
    width: 100%;
  }
  .card {
    display: grid;
    grid-template-columns: 88px minmax(0, 1fr);
    gap: 10px 12px;
    padding: 10px;
    border: 1px solid var(--line);
    border-radius: 16px;
    background: var(--surface);
  }
  .card-picture {
    position: relative;
    align-self: start;
    aspect-ratio: 1;
    overflow: hidden;
    border-radius: 10px;
    background: var(--raised);
  }
  .card-picture img {
    width: 100%;
    height: 100%;
    object-fit: cover;
  }
  .card-place {
    position: absolute;
    inset: 5px auto auto 5px;
    min-width: 22px;
    padding: 0 6px;
    border-radius: 11px;
    background: var(--surface);
    color: var(--text);
    font-size: 12px;
    font-weight: 600;
    line-height: 22px;
    text-align: center;
  }
  .card-body {
    display: flex;
    flex-direction: column;
    gap: 1px;
    min-width: 0;
  }
  .card-brand,
  .card-kind {
    color: var(--muted);
    font-size: 13px;
    line-height: 1.35;
    overflow-wrap: anywhere;
  }
  .card .card-kind {
    display: flex;
    flex-wrap: wrap;
    gap: 0 12px;
  }
  .card-title {
    display: -webkit-box;
    overflow: hidden;
    overflow-wrap: anywhere;
    -webkit-box-orient: vertical;
    -webkit-line-clamp: 2;
    font-weight: 600;
    line-height: 1.3;
  }
  .card-title a {
    text-decoration: none;
  }
  .card-title a:hover {
    text-decoration: underline;
    text-underline-offset: 2px;
  }
  .card-foot {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: space-between;
    gap: 4px 8px;
    margin-top: 4px;
    min-height: 36px;
  }
  .price {
    font-weight: 600;
    font-variant-numeric: tabular-nums;
    white-space: nowrap;
  }
  .price-reduced {
    color: var(--bad);
  }
  .price-before {
    margin-inline-start: 4px;
    color: var(--muted);
    font-size: 13px;
    white-space: nowrap;
  }
  .stock {
    white-space: nowrap;
  }
  .stock::before {
    content: "";
    display: inline-block;
    width: 7px;
    height: 7px;
    margin-inline-end: 6px;
    border-radius: 50%;
    background: currentColor;
  }
  .stock-in_stock {
    color: var(--good);
  }
  .stock-low {
    color: var(--warn);
  }
  .stock-out {
    color: var(--muted);
  }
  .card-reason {
    display: flex;
    grid-column: 1 / -1;
    gap: 7px;
    font-size: 13px;
    overflow-wrap: anywhere;
  }
  .card-reason svg {
    width: 16px;
    height: 16px;
    margin-top: 1px;
    color: var(--accent);
  }
  .card-actions {
    display: flex;
    flex-wrap: wrap;
    grid-column: 1 / -1;
    margin: -6px 0 -6px -4px;
  }

  /* Cart and tables */
  .cart,
  .table {
    width: 100%;
    border: 1px solid var(--line);
    border-radius: 16px;
  }
  .cart {
    display: flex;
    flex-direction: column;
    padding: 4px 14px 14px;
  }
  .cart-empty {
    padding: 12px 0 2px;
    color: var(--muted);
  }
  .cart-line {
    display: grid;
    grid-template-columns: 48px minmax(0, 1fr) auto;
    gap: 12px;
    align-items: center;
    padding: 10px 0;
    border-bottom: 1px solid var(--line);
  }
  .cart-picture {
    width: 48px;
    height: 48px;
    overflow: hidden;
    border-radius: 8px;
    background: var(--raised);
  }
  .cart-picture img {
    width: 100%;
    height: 100%;
    object-fit: cover;
  }
  .cart-what .card-title {
    font-size: 14px;
  }
  .totals {
    display: flex;
    flex-direction: column;
    gap: 3px;
    padding-top: 12px;
    font-size: 14px;
  }
  .totals div {
    display: flex;
    justify-content: space-between;
    gap: 12px;
    color: var(--muted);
    font-variant-numeric: tabular-nums;
  }
  .totals .total {
    margin-top: 4px;
    color: var(--text);
    font-size: 16px;
    font-weight: 600;
  }
  .cart-gap {
    margin-top: 8px;
    color: var(--good);
    font-size: 13px;
  }
  .cart-link {
    margin-top: 14px;
  }
  .cart-past {
    padding: 0 4px;
    color: var(--muted);
    font-size: 13px;
  }
  .table {
    overflow-x: auto;
  }
  table {
    width: 100%;
    border-collapse: collapse;
    font-size: 14px;
  }
  th,
  td {
    padding: 9px 12px;
    border-bottom: 1px solid var(--line);
    text-align: start;
    vertical-align: top;
  }
  th {
    font-weight: 600;
  }
  thead th {
    color: var(--muted);
    font-size: 13px;
    white-space: nowrap;
  }
  tbody tr:last-child > * {
    border-bottom: 0;
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

  /* Phones: the panel is the screen */
  @media (max-width: 480px) {
    :host {
      --edge: 14px;
    }
    .panel {
      position: fixed;
      inset: 0;
      width: 100%;
      height: var(--viewport-height, 100dvh);
      border: 0;
      border-radius: 0;
      padding-bottom: env(safe-area-inset-bottom);
    }
    .log {
      padding-inline: 12px;
    }
  }
  @media (max-width: 360px) {
    .card {
      grid-template-columns: 72px minmax(0, 1fr);
    }
  }
  @media (max-width: 480px) and (pointer: coarse) {
    .quiet-button,
    .button {
      min-height: 44px;
    }
  }
  @media (prefers-reduced-motion: reduce) {
    *,
    *::before,
    *::after {
      animation: none !important;
      transition: none !important;
    }
  }
  @media (forced-colors: active) {
    .bubble,
    .launcher,
    .button,
    .send {
      border: 1px solid;
    }
  }
  @media print {
    :host {
      display: none;
    }
  }
`;
