/** Product cards, the cart and tables. */

import { css } from "lit";

export const cards = css`
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
`;
