/** The conversation as the shopper sees it, as a value: every change gives a new list. */

import type { Message, ProblemCode } from "./protocol";

export type Delivery = "sending" | "sent" | "failed";
export type Failure = ProblemCode | "timeout";

export interface Entry {
  readonly message: Message;
  readonly delivery: Delivery;
  /** What a button stood for, sent along with its text. */
  readonly payload: string | null;
  readonly failure: Failure | null;
}

export type Transcript = readonly Entry[];

/** A message of the shopper's own that nobody has confirmed yet. */
export function draft(id: string, text: string, payload: string | null, at: Date): Entry {
  const message: Message = {
    id,
    from: "user",
    text,
    quickReplies: [],
    cards: [],
    cart: null,
    table: null,
    checked: false,
    at,
  };
  return { message, delivery: "sending", payload, failure: null };
}

/** The server's history, followed by what it does not have yet. */
export function withHistory(transcript: Transcript, history: readonly Message[]): Transcript {
  const known = new Map(history.map((message) => [message.id, message]));
  const unsent = transcript.filter(
    (entry) => entry.delivery !== "sent" && !known.has(entry.message.id),
  );
  return [...Array.from(known.values(), delivered), ...unsent];
}

/** One message from the server; the echo of an own message confirms it in its place. */
export function withMessage(transcript: Transcript, message: Message): Transcript {
  const index = transcript.findIndex((entry) => entry.message.id === message.id);
  if (index < 0) return [...transcript, delivered(message)];
  return transcript.with(index, delivered(message));
}

/** A message that comes apart from the talk, in the place of its time; once is enough. */
export function inItsPlace(transcript: Transcript, message: Message): Transcript {
  if (transcript.some((entry) => entry.message.id === message.id)) return transcript;
  const later = transcript.findIndex((entry) => entry.message.at > message.at);
  return transcript.toSpliced(later < 0 ? transcript.length : later, 0, delivered(message));
}

export function withDelivery(
  transcript: Transcript,
  id: string,
  delivery: Delivery,
  failure: Failure | null = null,
): Transcript {
  return transcript.map((entry) =>
    entry.message.id === id && entry.delivery !== "sent" ? { ...entry, delivery, failure } : entry,
  );
}

export function unsent(transcript: Transcript): Entry[] {
  return transcript.filter((entry) => entry.delivery !== "sent");
}

/** How many of the assistant's messages came after the one that was last seen. */
export function unreadAfter(transcript: Transcript, lastSeen: string | null): number {
  const seen = transcript.findIndex((entry) => entry.message.id === lastSeen);
  if (seen < 0) return 0;
  return transcript.slice(seen + 1).filter((entry) => entry.message.from === "bot").length;
}

/** The id of the message whose quick replies still stand: one the shopper has not answered yet. */
export function openQuestion(transcript: Transcript): string | null {
  const answered = transcript.findLastIndex((entry) => entry.message.from === "user");
  const open = transcript
    .slice(answered + 1)
    .findLast((entry) => entry.message.quickReplies.length > 0);
  return open?.message.id ?? null;
}

/** The id of the newest message that shows a cart; the older ones show a cart of the past. */
export function newestCart(transcript: Transcript): string | null {
  return transcript.findLast((entry) => entry.message.cart !== null)?.message.id ?? null;
}

function delivered(message: Message): Entry {
  return { message, delivery: "sent", payload: null, failure: null };
}
