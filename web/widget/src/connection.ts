/**
 * The socket to the chat server: one that comes back by itself.
 *
 * socket.io reconnects after a lost network; a refused token is replaced by a new one here, and so
 * is a server that could not be asked for one.
 */

import { io, type Socket } from "socket.io-client";

import type { Identity } from "./identity";
import type { Where } from "./page";
import {
  parseHistory,
  parseMessage,
  parseProblem,
  parseReceipt,
  type Message,
  type ProblemCode,
} from "./protocol";
import type { Failure } from "./transcript";

const ANSWER_TIMEOUT_MS = 20_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** So many new tokens are tried at once before the server is left alone for a while. */
const REFUSALS_AT_ONCE = 2;

export interface Listener {
  /** The conversation that the token speaks for, before anything of it arrives. */
  onConversation(conversation: string): void;
  onSession(history: Message[]): void;
  onMessage(message: Message): void;
  /** The server says that reminders wait. */
  onReminders(): void;
  onTyping(on: boolean): void;
  onProblem(problem: { code: ProblemCode; text: string }): void;
  onLost(): void;
}

export interface Utterance {
  readonly id: string;
  readonly text: string;
  readonly payload?: string;
  readonly page?: Where;
}

export class Connection {
  #socket: Socket | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #refusals = 0;
  /** Grows with every start and stop, so that what an earlier one awaited is dropped. */
  #run = 0;

  constructor(
    private readonly identity: Identity,
    private readonly listener: Listener,
  ) {}

  /** Connect; false where there is no visitor yet and `create` does not allow a new one. */
  async start(create: boolean): Promise<boolean> {
    this.stop();
    const run = this.#run;
    try {
      const access = await this.identity.access(create);
      if (run !== this.#run) return true;
      if (!access) return false;
      this.listener.onConversation(access.conversation);
      this.connect(access.chatUrl, access.token);
    } catch {
      if (run === this.#run) this.startLater();
    }
    return true;
  }

  stop(): void {
    this.#run += 1;
    clearTimeout(this.#timer);
    this.#socket?.removeAllListeners();
    this.#socket?.disconnect();
    this.#socket = null;
  }

  /** Do not wait for the next try: the network is said to be back. */
  hurry(): void {
    if (this.isConnected()) return;
    this.#failures = 0;
    void this.start(true);
  }

  /** Hand over a message; null where the connection broke before the server answered. */
  async send(utterance: Utterance): Promise<"ok" | Failure | null> {
    const socket = this.#socket;
    if (!socket || !this.isConnected()) return null;
    try {
      const answer: unknown = await socket
        .timeout(ANSWER_TIMEOUT_MS)
        .emitWithAck("user_uttered", utterance);
      return parseReceipt(answer);
    } catch {
      return this.isConnected() ? "timeout" : null;
    }
  }

  private isConnected(): boolean {
    return this.#socket?.connected ?? false;
  }

  private connect(url: string, token: string): void {
    const socket = io(url, {
      auth: { token },
      forceNew: true,
      transports: ["websocket", "polling"],
      tryAllTransports: true,
      reconnectionDelay: FIRST_PAUSE_MS,
      reconnectionDelayMax: LONGEST_PAUSE_MS,
    });
    this.#socket = socket;
    socket.on("session", (value: unknown) => {
      this.#failures = this.#refusals = 0;
      this.listener.onSession(parseHistory(value));
    });
    socket.on("message", (value: unknown) => {
      const message = parseMessage(value);
      if (message) this.listener.onMessage(message);
    });
    socket.on("reminders", () => {
      this.listener.onReminders();
    });
    socket.on("typing", (value: unknown) => {
      this.listener.onTyping(
        typeof value === "object" && value !== null && Reflect.get(value, "on") === true,
      );
    });
    socket.on("problem", (value: unknown) => {
      this.listener.onProblem(parseProblem(value));
    });
    socket.on("disconnect", () => {
      this.listener.onLost();
      if (!socket.active) this.startLater();
    });
    socket.on("connect_error", (error) => {
      this.listener.onLost();
      // An active socket tries again by itself; one that was refused does not.
      if (!socket.active) this.refused(error.message);
    });
  }

  private refused(why: string): void {
    if (why.includes("token")) this.identity.forget();
    this.#refusals += 1;
    if (this.#refusals <= REFUSALS_AT_ONCE) void this.start(true);
    else this.startLater();
  }

  private startLater(): void {
    this.listener.onLost();
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** this.#failures, LONGEST_PAUSE_MS);
    this.#failures += 1;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.start(true), pause);
  }
}
