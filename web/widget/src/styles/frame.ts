/** The ground, the launcher and the panel. */

import { css } from "lit";

export const frame = css`
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
    inset: auto var(--edge) calc(var(--edge) + var(--cartwright-lift, 0px)) auto;
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
  .head {
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
`;
