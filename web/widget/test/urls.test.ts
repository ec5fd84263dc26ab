import { describe, expect, it } from "vitest";

import { linkParts, safeUrl } from "../src/urls";

const BASE = "https://shop.example";

describe("an address from the server", () => {
  it.each([
    ["/products/1", "https://shop.example/products/1"],
    ["http://other.example/a", "http://other.example/a"],
    ["//cdn.example/p.svg", "https://cdn.example/p.svg"],
  ])("%s becomes %s", (address, url) => {
    expect(safeUrl(address, BASE)).toBe(url);
  });

  it.each([
    "javascript:alert(1)",
    " JaVaScRiPt:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "blob:https://shop.example/1",
    "file:///etc/passwd",
    "https://",
    "",
  ])("%j becomes no link", (address) => {
    expect(safeUrl(address, BASE)).toBeNull();
  });
});

describe("addresses in a text", () => {
  it("become links without the punctuation after them", () => {
    expect(linkParts("See https://a.example/x, or not.")).toEqual([
      { text: "See " },
      { text: "https://a.example/x", href: "https://a.example/x" },
      { text: ", or not." },
    ]);
  });

  it.each(["no address", "javascript:alert(1)", "https://", "", "<a href='x'>"])(
    "are not seen in %j",
    (text) => {
      expect(linkParts(text).every((part) => part.href === undefined)).toBe(true);
      expect(
        linkParts(text)
          .map((part) => part.text)
          .join(""),
      ).toBe(text);
    },
  );
});
