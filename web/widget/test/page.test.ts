import { expect, it, vi } from "vitest";

import { Page } from "../src/page";

const NOBODY = { onCart: vi.fn(), onIdentity: vi.fn(), onOpen: vi.fn() };

it("tells with each message on which page and by which clock the shopper is", () => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  expect(new Page(NOBODY).where()).toEqual({ path: location.pathname, time_zone: zone });
  const meta = document.createElement("meta");
  meta.name = "cartwright-product";
  meta.content = "tent";
  document.head.append(meta);
  expect(new Page(NOBODY).where().product_id).toBe("tent");
});
