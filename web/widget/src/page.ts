/**
 * What the page and the chat tell each other.
 *
 * `cartwright:cart` on the document carries the cart (as the API gives it) after either side
 * changed it; the channel carries it to the other tabs. `cartwright:identity` says that somebody
 * signed in or out without a new page, `cartwright:open` asks for the chat.
 */

import { parseCart, type Cart } from "./protocol";

const CART_EVENT = "cartwright:cart";
const IDENTITY_EVENT = "cartwright:identity";
const OPEN_EVENT = "cartwright:open";
const CONVERSATION_KEY = "cartwright:conversation";

export interface Where {
  readonly path: string;
  /** IANA name, such as Europe/Berlin; a browser that hides it says UTC. */
  readonly time_zone: string;
  readonly product_id?: string;
}

export interface PageListener {
  onCart(cart: Cart): void;
  /** Another person than before may be at the page now. */
  onIdentity(): void;
  onOpen(): void;
}

export class Page {
  #channel: BroadcastChannel | null = null;
  #listening: AbortController | null = null;
  #speaking = false;

  constructor(private readonly listener: PageListener) {}

  listen(): void {
    const listening = new AbortController();
    const { signal } = listening;
    this.#listening = listening;
    document.addEventListener(
      CART_EVENT,
      (event) => {
        if (!this.#speaking) this.hear((event as CustomEvent<unknown>).detail);
      },
      { signal },
    );
    document.addEventListener(
      IDENTITY_EVENT,
      () => {
        this.listener.onIdentity();
      },
      { signal },
    );
    document.addEventListener(
      OPEN_EVENT,
      () => {
        this.listener.onOpen();
      },
      { signal },
    );
    // The other tabs hear of a sign-in or sign-out here through the conversation it changed.
    window.addEventListener(
      "storage",
      (event) => {
        if (event.key === CONVERSATION_KEY && event.newValue) this.listener.onIdentity();
      },
      { signal },
    );
    this.#channel = new BroadcastChannel("cartwright");
    this.#channel.addEventListener("message", (event: MessageEvent<unknown>) => {
      this.hear(event.data);
    });
  }

  leave(): void {
    this.#listening?.abort();
    this.#channel?.close();
    this.#channel = null;
  }

  /** Tell the page and the other tabs; `cart` is the server's own JSON, handed on unchanged. */
  tellCart(cart: unknown): void {
    const detail = { cart };
    this.#speaking = true;
    document.dispatchEvent(new CustomEvent(CART_EVENT, { detail }));
    this.#speaking = false;
    this.#channel?.postMessage(detail);
  }

  /** Which page the shopper is on and by which clock they live, sent along with each message. */
  where(): Where {
    const meta = document.querySelector<HTMLMetaElement>('meta[name="cartwright-product"]');
    const product = meta?.content;
    return {
      path: location.pathname,
      time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      ...(product ? { product_id: product } : {}),
    };
  }

  private hear(detail: unknown): void {
    const cart = parseCart(detail);
    if (cart) this.listener.onCart(cart);
  }
}

export { CONVERSATION_KEY };
