/**
 * What the chat server sends, checked and cleaned.
 *
 * Nothing from the socket is trusted: a malformed part is dropped, a malformed message is null.
 * Unknown fields are ignored, so that the server may learn new ones first.
 */

export const MAX_MESSAGE_LENGTH = 2000;
/** Telegram's limit on callback data, which every channel keeps to. */
export const MAX_PAYLOAD_BYTES = 64;

export interface Money {
  readonly amount: number;
  readonly currency: string;
  readonly text: string;
}

export type Stock = "in_stock" | "low" | "out";

export interface Card {
  readonly productId: string;
  readonly variantId: string | null;
  readonly title: string;
  readonly brand: string;
  readonly colour: string;
  readonly size: string;
  readonly price: Money | null;
  readonly listPrice: Money | null;
  readonly picture: string;
  readonly url: string;
  readonly stock: Stock | null;
  readonly reason: string | null;
  readonly suggestionId: string | null;
  readonly isInCart: boolean;
}

export interface CartLine extends Card {
  readonly quantity: number;
  readonly lineTotal: Money | null;
}

export interface Cart {
  readonly lines: readonly CartLine[];
  readonly count: number;
  readonly subtotal: Money | null;
  readonly discount: Money | null;
  readonly delivery: Money | null;
  readonly total: Money | null;
  readonly promotionCode: string | null;
  readonly freeDeliveryGap: Money | null;
  /** The server's own JSON, which is what the page is told. */
  readonly raw: unknown;
}

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface QuickReply {
  readonly title: string;
  readonly payload: string;
}

export interface Message {
  readonly id: string;
  readonly from: "user" | "bot";
  readonly text: string;
  readonly quickReplies: readonly QuickReply[];
  readonly cards: readonly Card[];
  readonly cart: Cart | null;
  readonly table: Table | null;
  /** Whether the message's figures carry receipts: the database rows they were read from. */
  readonly checked: boolean;
  readonly at: Date;
}

/** A reminder of a left cart: a message that is handed over apart from the talk. */
export interface Reminder {
  readonly message: Message;
  /** Whether the shopper has had it before their eyes. */
  readonly shown: boolean;
}

export type ProblemCode = "too_long" | "too_fast" | "busy" | "failed";

type Json = Readonly<Record<string, unknown>>;

// Control characters, and the marks that turn the reading direction of what follows them.
const UNPRINTABLE = /(?![\n\t])\p{Cc}|[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/** The text without control characters and direction overrides. */
export function clean(text: string): string {
  return text.replace(UNPRINTABLE, "");
}

/** The length as the server counts it: code points, not UTF-16 units. */
export function lengthOf(text: string): number {
  return Array.from(text).length;
}

/** A payload that the server takes, or null where it would be over the limit. */
export function payload(intent: string, entities: Readonly<Record<string, string>>): string | null {
  const text = `/${intent}${JSON.stringify(entities)}`;
  return new TextEncoder().encode(text).length <= MAX_PAYLOAD_BYTES ? text : null;
}

export function parseHistory(value: unknown): Message[] {
  const history = isObject(value) ? value["history"] : null;
  return list(history, parseMessage);
}

export function parseReminders(value: unknown): Reminder[] {
  return list(isObject(value) ? value["messages"] : null, (item) => {
    const message = parseMessage(item);
    return message && isObject(item) ? { message, shown: item["shown"] === true } : null;
  });
}

export function parseMessage(value: unknown): Message | null {
  if (!isObject(value)) return null;
  const id = value["id"];
  const from = value["from"];
  if (typeof id !== "string" || id === "" || (from !== "user" && from !== "bot")) return null;
  const at = new Date(text(value["at"]));
  return {
    id,
    from,
    text: text(value["text"]),
    quickReplies: list(value["quick_replies"], parseQuickReply),
    cards: list(value["cards"], parseCard),
    cart: parseCart(value["cart"]),
    table: parseTable(value["table"]),
    checked: Array.isArray(value["receipts"]) && value["receipts"].length > 0,
    at: Number.isNaN(at.getTime()) ? new Date() : at,
  };
}

/** A cart as the API gives it: bare, or as `{cart: …}`. */
export function parseCart(value: unknown): Cart | null {
  if (!isObject(value)) return null;
  if (isObject(value["cart"])) return parseCart(value["cart"]);
  if (!Array.isArray(value["lines"])) return null;
  return {
    lines: list(value["lines"], parseLine),
    count: whole(value["count"]),
    subtotal: parseMoney(value["subtotal"]),
    discount: parseMoney(value["discount"]),
    delivery: parseMoney(value["delivery"]),
    total: parseMoney(value["total"]),
    promotionCode: text(value["promotion_code"]) || null,
    freeDeliveryGap: parseMoney(value["free_delivery_gap"]),
    raw: value,
  };
}

export function parseProblem(value: unknown): { code: ProblemCode; text: string } {
  const code = isObject(value) ? value["code"] : null;
  const known = code === "too_long" || code === "too_fast" || code === "busy";
  return { code: known ? code : "failed", text: isObject(value) ? text(value["text"]) : "" };
}

/** What the server answers to a sent message: taken, or why not. */
export function parseReceipt(value: unknown): "ok" | ProblemCode {
  return isObject(value) && value["ok"] === true ? "ok" : parseProblem(value).code;
}

function parseCard(value: unknown): Card | null {
  if (!isObject(value)) return null;
  const productId = text(value["product_id"]);
  const title = text(value["title"]);
  if (!productId || !title) return null;
  const stock = value["stock"];
  const reason = value["reason"];
  return {
    productId,
    title,
    variantId: text(value["variant_id"]) || null,
    brand: text(value["brand"]),
    colour: text(value["colour"]),
    size: text(value["size"]),
    price: parseMoney(value["price"]),
    listPrice: parseMoney(value["list_price"]),
    picture: text(value["picture"]),
    url: text(value["url"]),
    stock: stock === "in_stock" || stock === "low" || stock === "out" ? stock : null,
    reason: isObject(reason) ? text(reason["text"]) || null : null,
    suggestionId: text(value["suggestion_id"]) || null,
    isInCart: isObject(reason) && reason["kind"] === "in_cart",
  };
}

function parseLine(value: unknown): CartLine | null {
  const card = parseCard(value);
  if (!card || !isObject(value)) return null;
  return {
    ...card,
    quantity: whole(value["quantity"]),
    lineTotal: parseMoney(value["line_total"]),
  };
}

function parseMoney(value: unknown): Money | null {
  if (!isObject(value)) return null;
  const shown = text(value["text"]);
  return shown
    ? { amount: whole(value["amount"]), currency: text(value["currency"]), text: shown }
    : null;
}

function parseTable(value: unknown): Table | null {
  if (!isObject(value) || !Array.isArray(value["columns"]) || !Array.isArray(value["rows"])) {
    return null;
  }
  const columns = value["columns"].map(cell);
  const rows = list(value["rows"], (row) => (Array.isArray(row) ? row.map(cell) : null));
  return { columns, rows };
}

function parseQuickReply(value: unknown): QuickReply | null {
  if (!isObject(value)) return null;
  const title = text(value["title"]);
  return title ? { title, payload: text(value["payload"]) } : null;
}

function list<T>(value: unknown, parse: (item: unknown) => T | null): T[] {
  if (!Array.isArray(value)) return [];
  return value.map(parse).filter((item): item is T & {} => item !== null);
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  return typeof value === "string" ? clean(value) : "";
}

function cell(value: unknown): string {
  return typeof value === "number" || typeof value === "boolean" ? String(value) : text(value);
}

function whole(value: unknown): number {
  return typeof value === "number" && Number.isInteger(value) ? value : 0;
}
