/** The chat behind the component: state, what changes it, and what it sends. */

import { Connection, type Listener } from "./connection";
import type { Identity } from "./identity";
import { CONVERSATION_KEY, Page, type PageListener } from "./page";
import {
  MAX_MESSAGE_LENGTH,
  clean,
  lengthOf,
  parseCart,
  parseReminders,
  type Cart,
  type Message,
} from "./protocol";
import type { ProblemCode } from "./protocol";
import { recall, remember } from "./storage";
import {
  draft,
  inItsPlace,
  unreadAfter,
  unsent,
  withDelivery,
  withHistory,
  withMessage,
  type Entry,
  type Transcript,
} from "./transcript";

const OUTBOX_KEY = "cartwright:outbox";
const SEEN_KEY = "cartwright:seen";
/** A typing notice whose end got lost is taken back after this long. */
const TYPING_MS = 30_000;

/** `idle`: a visitor whom nobody knows and who has not asked for the chat. */
export type Status = "idle" | "connecting" | "online" | "offline";

export class Chat implements Listener, PageListener {
  status: Status = "connecting";
  transcript: Transcript = [];
  typing = false;
  problem: ProblemCode | null = null;
  cart: Cart | null = null;
  unread = 0;

  readonly page = new Page(this);
  #connection: Connection;
  #conversation = "";
  #reading = false;
  #inFlight = new Set<string>();
  /** Reminders in the transcript that the shopper has not had before their eyes. */
  #unshown = new Set<string>();
  #typingTimer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param changed Called after each change of the state.
   * @param onOpen Called when the page asks for the chat to be opened.
   */
  constructor(
    private readonly identity: Identity,
    private readonly changed: () => void,
    readonly onOpen: () => void,
  ) {
    this.#connection = new Connection(identity, this);
  }

  async start(): Promise<void> {
    this.page.listen();
    window.addEventListener("online", this.hurry);
    window.addEventListener("offline", this.changed);
    await this.connect();
  }

  stop(): void {
    this.page.leave();
    window.removeEventListener("online", this.hurry);
    window.removeEventListener("offline", this.changed);
    this.#connection.stop();
  }

  /** Whether the shopper has the transcript before their eyes. */
  set reading(on: boolean) {
    this.#reading = on;
    if (on) this.markSeen();
    if (on && this.status === "idle") void this.connect();
    this.changed();
  }

  get reading(): boolean {
    return this.#reading;
  }

  say(text: string, payload: string | null = null): void {
    const said = clean(text).trim();
    if (!said || lengthOf(said) > MAX_MESSAGE_LENGTH) return;
    this.problem = null;
    this.update([...this.transcript, draft(newId(), said, payload, new Date())]);
    if (this.status === "idle") void this.connect();
    this.flush();
  }

  retry(id: string): void {
    this.update(withDelivery(this.transcript, id, "sending"));
    this.flush();
  }

  onConversation(conversation: string): void {
    if (conversation === this.#conversation) return;
    const isFirst = this.#conversation === "";
    this.#conversation = conversation;
    if (recall("localStorage", CONVERSATION_KEY) !== conversation) {
      remember("localStorage", CONVERSATION_KEY, conversation);
    }
    this.#unshown.clear();
    // What one shopper wrote is never sent, nor shown, in another's conversation.
    this.update(isFirst ? [...this.outbox(), ...this.transcript] : this.outbox());
    this.cart = null;
    void this.fetchCart();
  }

  onSession(history: Message[]): void {
    this.status = "online";
    this.#inFlight.clear();
    this.#unshown.clear();
    this.update(withHistory(this.transcript, history));
    if (this.#reading) this.markSeen();
    else this.unread = unreadAfter(this.transcript, recall("sessionStorage", SEEN_KEY));
    this.changed();
    this.flush();
    void this.fetchReminders();
  }

  onReminders(): void {
    void this.fetchReminders();
  }

  onMessage(message: Message): void {
    const isNew = !this.transcript.some((entry) => entry.message.id === message.id);
    if (message.from === "bot") this.setTyping(false);
    if (message.cart) {
      this.cart = message.cart;
      this.page.tellCart(message.cart.raw);
    }
    this.update(withMessage(this.transcript, message));
    if (this.#reading) this.markSeen();
    else if (isNew && message.from === "bot") this.unread += 1;
    this.changed();
  }

  onTyping(on: boolean): void {
    this.setTyping(on);
    this.changed();
  }

  onProblem(problem: { code: ProblemCode }): void {
    // The other ones refuse a message, and are said beside it.
    if (problem.code === "failed") this.problem = problem.code;
    this.setTyping(false);
    this.changed();
  }

  onLost(): void {
    this.status = "offline";
    this.setTyping(false);
    this.changed();
  }

  onCart(cart: Cart): void {
    this.cart = cart;
    this.changed();
  }

  onIdentity(): void {
    this.identity.forget();
    void this.connect();
  }

  private readonly hurry = (): void => {
    if (this.status === "offline") this.#connection.hurry();
    this.changed();
  };

  private async connect(): Promise<void> {
    this.status = "connecting";
    this.changed();
    const isWanted = this.#reading || this.transcript.length > 0;
    if (await this.#connection.start(isWanted)) return;
    this.status = "idle";
    this.changed();
    // Opened while the answer was on its way.
    if (this.#reading) void this.connect();
  }

  /** Send what waits, in order, each once. */
  private flush(): void {
    if (this.status !== "online") return;
    for (const entry of unsent(this.transcript)) {
      if (entry.delivery === "sending" && !this.#inFlight.has(entry.message.id)) {
        this.#inFlight.add(entry.message.id);
        void this.send(entry);
      }
    }
  }

  private async send({ message, payload }: Entry): Promise<void> {
    const answer = await this.#connection.send({
      id: message.id,
      text: message.text,
      ...(payload === null ? {} : { payload }),
      page: this.page.where(),
    });
    // A connection that broke leaves the message waiting for the next one.
    if (answer === null) return;
    this.#inFlight.delete(message.id);
    const failure = answer === "ok" ? null : answer;
    this.update(withDelivery(this.transcript, message.id, failure ? "failed" : "sent", failure));
  }

  private async fetchCart(): Promise<void> {
    try {
      const response = await this.identity.request("GET", "/cart");
      if (!response.ok) return;
      this.cart = parseCart(await response.json());
      this.changed();
    } catch {
      // The header does without the cart's count until a message or the page brings one.
    }
  }

  private async fetchReminders(): Promise<void> {
    const conversation = this.#conversation;
    try {
      const response = await this.identity.request("GET", "/chat/reminders");
      if (!response.ok || conversation !== this.#conversation) return;
      for (const { message, shown } of parseReminders(await response.json())) {
        const isNew = !this.transcript.some((entry) => entry.message.id === message.id);
        this.update(inItsPlace(this.transcript, message));
        if (shown || !isNew) continue;
        this.#unshown.add(message.id);
        if (!this.#reading) this.unread += 1;
      }
      if (this.#reading) this.markSeen();
      this.changed();
    } catch {
      // They stay where they are, for the next session.
    }
  }

  /** Tell the shop of the reminders that are before the shopper's eyes. */
  private acknowledge(): void {
    for (const id of this.#unshown) {
      this.#unshown.delete(id);
      this.identity.request("POST", `/chat/reminders/${id}/shown`).catch(() => {
        // Not told: it is offered again at the next session.
      });
    }
  }

  private setTyping(on: boolean): void {
    this.typing = on;
    clearTimeout(this.#typingTimer);
    if (!on) return;
    this.#typingTimer = setTimeout(() => {
      this.onTyping(false);
    }, TYPING_MS);
  }

  private markSeen(): void {
    this.unread = 0;
    this.acknowledge();
    const last = this.transcript.findLast((entry) => entry.delivery === "sent");
    if (last) remember("sessionStorage", SEEN_KEY, last.message.id);
  }

  private update(transcript: Transcript): void {
    this.transcript = transcript;
    const waiting = unsent(transcript).map(({ message, payload }) => ({
      id: message.id,
      text: message.text,
      payload,
      at: message.at.toISOString(),
    }));
    const kept = { conversation: this.#conversation, waiting };
    remember("sessionStorage", OUTBOX_KEY, waiting.length > 0 ? JSON.stringify(kept) : null);
    this.changed();
  }

  /** What this tab had not got through for this conversation before the page was left. */
  private outbox(): Entry[] {
    const kept = recall("sessionStorage", OUTBOX_KEY);
    if (kept === null) return [];
    const outbox = JSON.parse(kept) as {
      conversation: string;
      waiting: { id: string; text: string; payload: string | null; at: string }[];
    };
    if (outbox.conversation !== this.#conversation) return [];
    return outbox.waiting.map(({ id, text, payload, at }) =>
      draft(id, text, payload, new Date(at)),
    );
  }
}

/** A random UUID (version 4), made without `crypto.randomUUID`, which plain http pages lack. */
function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
