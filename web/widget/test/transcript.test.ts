import { describe, expect, it } from "vitest";

import { parseMessage, type Message } from "../src/protocol";
import {
  draft,
  inItsPlace,
  newestCart,
  openQuestion,
  unreadAfter,
  unsent,
  withDelivery,
  withHistory,
  withMessage,
  type Transcript,
} from "../src/transcript";

const NOW = new Date("2026-03-01T10:00:00Z");

function message(id: string, from: "user" | "bot", more: object = {}): Message {
  const parsed = parseMessage({ id, from, at: NOW.toISOString(), text: id, ...more });
  if (!parsed) throw new Error("not a message");
  return parsed;
}

function transcript(...messages: Message[]): Transcript {
  return messages.reduce<Transcript>(withMessage, []);
}

function ids(entries: Transcript): string[] {
  return entries.map((entry) => entry.message.id);
}

describe("an own message", () => {
  it("is shown at once and confirmed in its place by the server's echo", () => {
    const shown = withMessage([draft("u1", "hi", null, NOW)], message("b1", "bot"));
    const echoed = withMessage(shown, message("u1", "user"));
    expect(ids(echoed)).toEqual(["u1", "b1"]);
    expect(echoed[0]?.delivery).toBe("sent");
  });

  it("that was confirmed is not taken for failed by a late time-out", () => {
    const sent = transcript(message("u1", "user"));
    expect(withDelivery(sent, "u1", "failed", "timeout")[0]?.delivery).toBe("sent");
  });

  it("that failed keeps its id when it is tried again", () => {
    const failed = withDelivery([draft("u1", "hi", null, NOW)], "u1", "failed", "busy");
    expect(failed[0]).toMatchObject({ delivery: "failed", failure: "busy" });
    const again = withDelivery(failed, "u1", "sending");
    expect(again[0]).toMatchObject({ message: { id: "u1" }, delivery: "sending", failure: null });
  });
});

describe("the history", () => {
  it("replaces what was shown and keeps only what the server lacks", () => {
    const shown: Transcript = [
      ...transcript(message("old", "bot")),
      draft("lost", "still to be sent", "/view_cart", NOW),
      draft("arrived", "got through", null, NOW),
    ];
    const history = [message("a", "bot"), message("arrived", "user")];
    const after = withHistory(shown, history);
    expect(ids(after)).toEqual(["a", "arrived", "lost"]);
    expect(ids(unsent(after))).toEqual(["lost"]);
    expect(after[2]?.payload).toBe("/view_cart");
  });

  it("shows a message once that the server sent twice", () => {
    expect(ids(withHistory([], [message("a", "bot"), message("a", "bot")]))).toEqual(["a"]);
  });
});

describe("unread messages", () => {
  const talk = transcript(message("a", "bot"), message("u", "user"), message("b", "bot"));

  it("are the assistant's after the one last seen", () => {
    expect(unreadAfter(talk, "a")).toBe(1);
    expect(unreadAfter(talk, "b")).toBe(0);
  });

  it("are none where nothing is known of the past", () => {
    expect(unreadAfter(talk, null)).toBe(0);
    expect(unreadAfter(talk, "unknown")).toBe(0);
  });
});

describe("quick replies", () => {
  const asking = message("q", "bot", { quick_replies: [{ title: "Yes", payload: "/affirm" }] });

  it("stand while the shopper has not answered, also when more of the same turn follows", () => {
    expect(openQuestion(transcript(asking))).toBe("q");
    expect(openQuestion(transcript(asking, message("b", "bot")))).toBe("q");
  });

  it("go when the shopper has answered", () => {
    expect(openQuestion(transcript(asking, message("u", "user")))).toBeNull();
  });
});

it("knows the newest cart", () => {
  const cart = { cart: { lines: [] } };
  const talk = transcript(
    message("a", "bot", cart),
    message("b", "bot", cart),
    message("c", "bot"),
  );
  expect(newestCart(talk)).toBe("b");
  expect(newestCart([])).toBeNull();
});

describe("a reminder", () => {
  const early = new Date("2026-03-01T09:00:00Z").toISOString();
  const late = new Date("2026-03-01T11:00:00Z").toISOString();

  it("stands where its time is", () => {
    const talk = transcript(
      message("b1", "bot", { at: early }),
      message("b2", "bot", { at: late }),
    );
    expect(ids(inItsPlace(talk, message("r", "bot")))).toEqual(["b1", "r", "b2"]);
    expect(ids(inItsPlace([], message("r", "bot")))).toEqual(["r"]);
  });

  it("stands there once", () => {
    const once = inItsPlace([], message("r", "bot"));
    expect(ids(inItsPlace(once, message("r", "bot")))).toEqual(["r"]);
  });
});
