/** Addresses from the server: only http and https ever become a link or a picture. */

/** The absolute address, resolved against `base`, or null where it is not http(s). */
export function safeUrl(address: string, base: string): string | null {
  if (!address) return null;
  try {
    const url = new URL(address, base);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : null;
  } catch {
    return null;
  }
}

export interface TextPart {
  readonly text: string;
  /** Where the part links to, when it is an address. */
  readonly href?: string;
}

const ADDRESS = /https?:\/\/[^\s<>"']+/gi;

/** The text cut into plain parts and web addresses. */
export function linkParts(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const shown = match[0].replace(/[.,;:!?)\]]+$/, "");
    const href = safeUrl(shown, shown);
    if (!href) continue;
    if (match.index > end) parts.push({ text: text.slice(end, match.index) });
    parts.push({ text: shown, href });
    end = match.index + shown.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end) });
  return parts;
}
