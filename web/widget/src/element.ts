/** `<cartwright-chat>`: the launcher and the panel that any shop puts on its pages. */

import { LitElement, html, nothing, type PropertyValues, type TemplateResult } from "lit";

import { Chat } from "./chat";
import { Identity } from "./identity";
import { MAX_MESSAGE_LENGTH, lengthOf } from "./protocol";
import { recall, remember } from "./storage";
import { styles } from "./styles";
import { safeUrl } from "./urls";
import type { Actions } from "./views/actions";
import { composerView, grow } from "./views/composer";
import { icons } from "./views/icons";
import { launcherView, noticeView } from "./views/status";
import { transcriptView } from "./views/transcript";
import { welcomeView } from "./views/welcome";
import { en as words } from "./words/en";

const OPEN_KEY = "cartwright:open";
/** So many messages are shown at first and with each "earlier": long histories stay quick. */
const PAGE = 60;
/** Nearer to the end than this (in pixels) the transcript follows what is new. */
const NEAR_END = 72;
/** How long "connected again" stays. */
const BACK_ONLINE_MS = 4_000;
/** Where the panel fills the screen; the same as in the styles. */
const PHONE = "(max-width: 480px)";

export class CartwrightChat extends LitElement {
  static override styles = styles;
  static override shadowRootOptions: ShadowRootInit = {
    ...LitElement.shadowRootOptions,
    delegatesFocus: false,
  };

  #chat: Chat | null = null;
  #base = location.origin;
  #isOpen = false;
  #text = "";
  #shown = PAGE;
  #isAtEnd = true;
  #count = 0;
  #wasOffline = false;
  #backTimer: ReturnType<typeof setTimeout> | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#base = this.getAttribute("api") ?? location.origin;
    const identity = new Identity(this.#base, this.getAttribute("token"));
    this.#chat = new Chat(identity, this.#onChange, () => void this.#open());
    if (recall("sessionStorage", OPEN_KEY) === "yes") {
      this.#isOpen = true;
      this.#chat.reading = true;
    }
    window.visualViewport?.addEventListener("resize", this.#fit);
    void this.#chat.start();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.visualViewport?.removeEventListener("resize", this.#fit);
    this.#chat?.stop();
    this.#chat = null;
  }

  protected override render(): TemplateResult {
    const chat = this.#chat;
    if (!chat) return html``;
    return this.#isOpen ? this.#panel(chat) : launcherView(chat.unread, () => void this.#open());
  }

  protected override updated(changed: PropertyValues): void {
    super.updated(changed);
    this.#follow();
  }

  #panel(chat: Chat): TemplateResult {
    const cart = safeUrl("/cart", this.#base);
    const count = chat.cart?.count ?? 0;
    return html`<section
      class="panel"
      role="dialog"
      aria-modal="false"
      aria-labelledby="title"
      @keydown=${this.#onPanelKey}
      @click=${this.#onPanelClick}
    >
      <div class="head">
        <div class="heading">
          <h2 id="title" tabindex="-1">${words.title}</h2>
          <p>${words.subtitle}</p>
        </div>
        ${
          cart && count > 0
            ? html`<a
                class="icon-button cart-count"
                href=${cart}
                aria-label=${words.cartLink(count)}
                >${icons.cart}<span aria-hidden="true">${count}</span></a
              >`
            : nothing
        }
        <button class="icon-button" type="button" aria-label=${words.close} @click=${this.#close}>
          ${icons.close}
        </button>
      </div>
      ${noticeView(chat, this.#wasOffline)}
      <div class="log-frame">
        <div
          class="log"
          role="log"
          aria-live="polite"
          aria-label=${words.transcript}
          aria-busy=${chat.status === "connecting" && chat.transcript.length === 0}
          tabindex="0"
          @scroll=${this.#onScroll}
        >
          ${this.#conversation(chat)}
        </div>
        ${
          this.#isAtEnd
            ? nothing
            : html`<button
                class="latest"
                type="button"
                aria-label=${words.latest}
                title=${words.latest}
                @click=${this.#toEnd}
              >
                ${icons.down}
              </button>`
        }
      </div>
      ${composerView(this.#text, {
        input: this.#onInput,
        key: this.#onInputKey,
        submit: this.#onSubmit,
      })}
    </section>`;
  }

  #conversation(chat: Chat): TemplateResult {
    const actions: Actions = {
      base: this.#base,
      say: (text, meant) => {
        chat.say(text, meant);
        this.#isAtEnd = true;
        this.#focusInput();
      },
      retry: (id) => {
        chat.retry(id);
      },
    };
    if (chat.transcript.length === 0) {
      if (chat.status === "connecting") return html`<p class="loading">${words.loading}</p>`;
      return welcomeView(chat.page.where().product_id, actions);
    }
    const state = {
      transcript: chat.transcript,
      shown: this.#shown,
      cart: chat.cart,
      isOnline: chat.status === "online",
    };
    return html`${
      chat.transcript.length > this.#shown
        ? html`<button class="quiet-button earlier" type="button" @click=${this.#showEarlier}>
            ${words.earlier}
          </button>`
        : nothing
    }
    ${transcriptView(state, actions)}
    ${
      chat.typing
        ? html`<p class="typing">
            <span class="hidden">${words.typing}</span><i></i><i></i><i></i>
          </p>`
        : nothing
    }`;
  }

  readonly #onChange = (): void => {
    const status = this.#chat?.status;
    if (status === "offline") {
      this.#wasOffline = true;
      clearTimeout(this.#backTimer);
      this.#backTimer = undefined;
    } else if (status === "online" && this.#wasOffline && this.#backTimer === undefined) {
      this.#backTimer = setTimeout(() => {
        this.#wasOffline = false;
        this.#backTimer = undefined;
        this.requestUpdate();
      }, BACK_ONLINE_MS);
    }
    this.requestUpdate();
  };

  readonly #open = async (): Promise<void> => {
    this.#setOpen(true);
    await this.updateComplete;
    this.#scrollToEnd();
    // A touch screen's keyboard would hide what is to be read first.
    if (matchMedia("(pointer: coarse)").matches) {
      this.renderRoot.querySelector<HTMLElement>("h2")?.focus();
    } else this.#focusInput();
  };

  readonly #close = async (): Promise<void> => {
    this.#setOpen(false);
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>(".launcher")?.focus();
  };

  #setOpen(isOpen: boolean): void {
    this.#isOpen = isOpen;
    this.#isAtEnd = true;
    this.#shown = PAGE;
    this.#count = 0;
    remember("sessionStorage", OPEN_KEY, isOpen ? "yes" : null);
    if (this.#chat) this.#chat.reading = isOpen;
    this.requestUpdate();
  }

  readonly #onPanelKey = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || event.isComposing) return;
    event.stopPropagation();
    void this.#close();
  };

  /** On a phone the panel covers the page, so that following a link to it closes the panel. */
  readonly #onPanelClick = (event: Event): void => {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (link && link.target !== "_blank" && matchMedia(PHONE).matches) this.#setOpen(false);
  };

  readonly #onInput = (event: Event): void => {
    const input = event.target as HTMLTextAreaElement;
    this.#text = input.value;
    grow(input);
    if (this.#isAtEnd) this.#scrollToEnd();
    this.requestUpdate();
  };

  readonly #onInputKey = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#submit();
  };

  readonly #onSubmit = (event: Event): void => {
    event.preventDefault();
    this.#submit();
  };

  #submit(): void {
    const text = this.#text.trim();
    if (!text || lengthOf(text) > MAX_MESSAGE_LENGTH) return;
    this.#text = "";
    this.#isAtEnd = true;
    this.#chat?.say(text);
    this.requestUpdate();
    void this.updateComplete.then(() => {
      const input = this.#input;
      if (input) grow(input);
      this.#focusInput();
    });
  }

  readonly #onScroll = (): void => {
    const log = this.#log;
    if (!log) return;
    const isAtEnd = log.scrollHeight - log.clientHeight - log.scrollTop < NEAR_END;
    if (isAtEnd === this.#isAtEnd) return;
    this.#isAtEnd = isAtEnd;
    this.requestUpdate();
  };

  readonly #toEnd = (): void => {
    this.#scrollToEnd();
    this.#focusInput();
  };

  readonly #showEarlier = async (): Promise<void> => {
    const log = this.#log;
    const fromEnd = log ? log.scrollHeight - log.scrollTop : 0;
    this.#shown += PAGE;
    this.requestUpdate();
    await this.updateComplete;
    if (log) log.scrollTop = log.scrollHeight - fromEnd;
    log?.focus();
  };

  /** Keep the end in view while the shopper is there, but never push their question out of it. */
  #follow(): void {
    const log = this.#log;
    const chat = this.#chat;
    if (!log || !chat) return;
    const count = chat.transcript.length + (chat.typing ? 0.5 : 0);
    if (count === this.#count) return;
    const isFirst = this.#count === 0;
    this.#count = count;
    if (!this.#isAtEnd) return;
    const own = Array.from(log.querySelectorAll<HTMLElement>(".entry.user")).at(-1);
    const end = log.scrollHeight - log.clientHeight;
    log.scrollTop = isFirst || !own ? end : Math.min(end, own.offsetTop - 12);
  }

  /** The room above a phone's on-screen keyboard, for the styles. */
  readonly #fit = (): void => {
    const height = window.visualViewport?.height;
    if (height) this.style.setProperty("--viewport-height", `${height}px`);
  };

  get #log(): HTMLElement | null {
    return this.renderRoot.querySelector(".log");
  }

  get #input(): HTMLTextAreaElement | null {
    return this.renderRoot.querySelector("textarea");
  }

  #scrollToEnd(): void {
    this.#log?.scrollTo({ top: this.#log.scrollHeight });
  }

  #focusInput(): void {
    this.#input?.focus({ preventScroll: true });
  }
}
