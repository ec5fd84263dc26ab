import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Identity, subject } from "../src/identity";

const API = "https://assistant.example";

function tokenFor(sub: string): string {
  return `head.${btoa(JSON.stringify({ sub }))}.signature`;
}

/** A server that knows one visitor's token and gives new visitors another. */
function serve(known: string | null): { calls: string[] } {
  const calls: string[] = [];
  let valid = known;
  vi.stubGlobal("fetch", (url: string, init: RequestInit) => {
    const path = url.slice(API.length);
    const bearer = new Headers(init.headers).get("Authorization");
    calls.push(`${init.method ?? ""} ${path}${bearer ? " bearer" : ""}`);
    if (path === "/visitors") {
      valid = tokenFor("v_new");
      return Promise.resolve(Response.json({ token: valid, visitor_id: "new" }));
    }
    if (valid === null || bearer !== `Bearer ${valid}`) {
      return Promise.resolve(new Response(null, { status: 401 }));
    }
    return Promise.resolve(
      Response.json({ token: valid, chat_url: "https://chat.example", expires_in: 60 }),
    );
  });
  return { calls };
}

beforeEach(() => {
  localStorage.clear();
});
afterEach(() => {
  vi.unstubAllGlobals();
});

describe("the identity on a shop's own origin", () => {
  it("makes no visitor before the chat is wanted", async () => {
    const { calls } = serve(null);
    expect(await new Identity(API, null).access(false)).toBeNull();
    expect(calls).toEqual(["GET /chat/token"]);
  });

  it("makes a visitor once and keeps it", async () => {
    const { calls } = serve(null);
    const access = await new Identity(API, null).access(true);
    expect(access).toMatchObject({ conversation: "v_new", chatUrl: "https://chat.example" });
    await new Identity(API, null).access(true);
    expect(calls).toEqual([
      "GET /chat/token",
      "POST /visitors",
      "GET /chat/token bearer",
      "GET /chat/token bearer",
    ]);
  });

  it("asks anew only after it was told to forget", async () => {
    const { calls } = serve(tokenFor("p_1"));
    const identity = new Identity(API, tokenFor("p_1"));
    await identity.access(true);
    await identity.access(true);
    expect(calls).toHaveLength(1);
    identity.forget();
    await identity.access(true);
    expect(calls).toHaveLength(2);
  });

  it("never makes up a visitor for a shopper whom the shop has named", async () => {
    const { calls } = serve(null);
    await expect(new Identity(API, "expired").access(true)).rejects.toThrow("401");
    expect(calls).toEqual(["GET /chat/token bearer"]);
  });
});

it("reads the conversation out of a token and survives one that is none", () => {
  expect(subject(tokenFor("p_7"))).toBe("p_7");
  expect(subject("nonsense")).toBe("");
  expect(subject("")).toBe("");
});
