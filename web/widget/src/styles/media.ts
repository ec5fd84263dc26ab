/** Phones, and what a device or a shopper prefers. */

import { css } from "lit";

export const media = css`
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
    .launcher {
      padding: 0 14px;
    }
    .launcher-label {
      display: none;
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
