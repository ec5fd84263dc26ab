import { describe, expect, it } from "vitest";

import {
  clean,
  lengthOf,
  parseCart,
  parseHistory,
  parseMessage,
  parseProblem,
  parseReceipt,
  payload,
} from "../src/protocol";

const card = {
  product_id: "tent-1",
  variant_id: "tent-1-green",
  title: "Two-person tent",
  price: { amount: 11900, currency: "EUR", text: "€119.00" },
  stock: "low",
  reason: { text: "12 of 20 people who took this…", kind: "rule" },
};

describe("a message from the server", () => {
  it("is read with its cards, cart, table, buttons and receipts", () => {
    const message = parseMessage({
      id: "m1",
      from: "bot",
      text: "Here you are.",
      at: "2026-03-01T10:00:00Z",
      quick_replies: [{ title: "More", payload: "/show_more" }],
      cards: [card],
      cart: { lines: [{ ...card, quantity: 2 }], count: 2, total: card.price },
      table: { columns: ["Name", "Weight"], rows: [["Tent", 2]] },
      receipts: [{ text: "€119.00", table: "prices", id: "1", column: "amount" }],
    });
    expect(message).toMatchObject({
      text: "Here you are.",
      at: new Date("2026-03-01T10:00:00Z"),
      quickReplies: [{ title: "More", payload: "/show_more" }],
      cards: [{ productId: "tent-1", stock: "low", reason: "12 of 20 people who took this…" }],
      cart: { count: 2, lines: [{ quantity: 2, title: "Two-person tent" }] },
      table: { columns: ["Name", "Weight"], rows: [["Tent", "2"]] },
      checked: true,
    });
  });

  it.each([null, 7, "text", [], {}, { id: "", from: "bot" }, { id: "m", from: "shop" }])(
    "is dropped when it is not one: %j",
    (value) => {
      expect(parseMessage(value)).toBeNull();
    },
  );

  it("loses its malformed parts and keeps the rest", () => {
    const message = parseMessage({
      id: "m1",
      from: "bot",
      text: { html: "<b>" },
      at: "some time",
      cards: [card, { title: "no id" }, 4, null],
      quick_replies: "none",
      cart: { lines: "none" },
      table: { columns: ["A"], rows: [["1"], "2"] },
    });
    expect(message).toMatchObject({ text: "", quickReplies: [], cart: null, checked: false });
    expect(message?.cards).toHaveLength(1);
    expect(message?.table?.rows).toEqual([["1"]]);
    expect(Number.isNaN(message?.at.getTime())).toBe(false);
  });
});

it("reads the history in order and leaves out what is no message", () => {
  const history = [{ id: "a", from: "user" }, { id: "b" }, { id: "c", from: "bot" }];
  expect(parseHistory({ history }).map((message) => message.id)).toEqual(["a", "c"]);
  expect(parseHistory(undefined)).toEqual([]);
});

it("reads a cart with and without its envelope and keeps the server's own JSON", () => {
  const cart = { lines: [], count: 0, discount: null };
  expect(parseCart({ cart })).toEqual(parseCart(cart));
  expect(parseCart({ cart })?.raw).toBe(cart);
});

describe("cleaning", () => {
  it("takes out control characters and direction overrides", () => {
    expect(clean("pay\u202Elive\u2066 \u0000now\u200F\r\n")).toBe("paylive now\n");
  });

  it("leaves emoji, other scripts and joiners alone", () => {
    const text = "👩‍👩‍👧 مرحبا 买手机\n\tعربی";
    expect(clean(text)).toBe(text);
  });
});

it("counts characters as the server does", () => {
  expect(lengthOf("a👍🏽")).toBe(3);
});

it("makes payloads of at most 64 bytes", () => {
  expect(payload("why_this", { product: "tent-1" })).toBe('/why_this{"product":"tent-1"}');
  expect(payload("why_this", { product: "ü".repeat(30) })).toBeNull();
});

it("takes an unknown problem for a general failure", () => {
  expect(parseProblem({ code: "busy", text: "later" })).toEqual({ code: "busy", text: "later" });
  expect(parseProblem({ code: "new_code" }).code).toBe("failed");
  expect(parseProblem(null)).toEqual({ code: "failed", text: "" });
});

it("takes only ok: true for an accepted message", () => {
  expect(parseReceipt({ ok: true })).toBe("ok");
  expect(parseReceipt({ ok: false, code: "too_fast" })).toBe("too_fast");
  expect(parseReceipt("ok")).toBe("failed");
});
