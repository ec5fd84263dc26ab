/**
 * Whose conversation this is: the signed token that the shop's server gives for it.
 *
 * The browser never makes up an identity. On the shop's own pages the token is behind an HttpOnly
 * cookie; embedded on another origin, where that cookie may be blocked, the visitor's token is
 * kept in this origin's storage and sent as a bearer.
 */

import { recall, remember } from "./storage";

const TOKEN_KEY = "cartwright:token";

export interface ChatAccess {
  readonly token: string;
  readonly chatUrl: string;
  /** The conversation the token speaks for. */
  readonly conversation: string;
}

export class Identity {
  #access: ChatAccess | null = null;

  /**
   * @param api The origin of the shop's server.
   * @param given A token signed by the shop's own back end, where it has one.
   */
  constructor(
    private readonly api: string,
    private readonly given: string | null,
  ) {}

  /** Forget what was fetched: it was refused, or somebody signed in or out. */
  forget(): void {
    this.#access = null;
  }

  /**
   * Access to the chat; null for a new visitor while `create` is false.
   *
   * Throws where the server cannot be reached or refuses.
   */
  async access(create: boolean): Promise<ChatAccess | null> {
    if (this.#access) return this.#access;
    let response = await this.request("GET", "/chat/token");
    if (response.status === 401 && this.given === null) {
      remember("localStorage", TOKEN_KEY, null);
      if (!create) return null;
      const visitor = await body(await this.request("POST", "/visitors"));
      if (this.isElsewhere) remember("localStorage", TOKEN_KEY, field(visitor, "token"));
      response = await this.request("GET", "/chat/token");
    }
    const granted = await body(response);
    const token = field(granted, "token");
    this.#access = { token, chatUrl: field(granted, "chat_url"), conversation: subject(token) };
    return this.#access;
  }

  /** An API call as this shopper. */
  async request(method: "GET" | "POST", path: string): Promise<Response> {
    const bearer = this.given ?? (this.isElsewhere ? recall("localStorage", TOKEN_KEY) : null);
    return fetch(this.api + path, {
      method,
      credentials: "include",
      headers: {
        Accept: "application/json",
        ...(method === "POST" ? { "Content-Type": "application/json" } : {}),
        ...(bearer === null ? {} : { Authorization: `Bearer ${bearer}` }),
      },
      ...(method === "POST" ? { body: "{}" } : {}),
    });
  }

  private get isElsewhere(): boolean {
    return new URL(this.api).origin !== location.origin;
  }
}

/** The `sub` claim, read without checking: only the server's word on a token counts. */
export function subject(token: string): string {
  try {
    const claims = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    return field(JSON.parse(atob(claims)), "sub");
  } catch {
    return "";
  }
}

async function body(response: Response): Promise<unknown> {
  if (!response.ok) throw new Error(`the shop answered ${response.status}`);
  return response.json();
}

function field(value: unknown, name: string): string {
  const found: unknown =
    typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
  if (typeof found !== "string" || found === "") throw new Error(`the answer has no ${name}`);
  return found;
}
