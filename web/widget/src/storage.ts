/** The browser's storage, where it is allowed; where it is not, nothing is remembered. */

type Kind = "localStorage" | "sessionStorage";

export function remember(kind: Kind, key: string, value: string | null): void {
  try {
    if (value === null) window[kind].removeItem(key);
    else window[kind].setItem(key, value);
  } catch {
    // Blocked or full: the chat works without.
  }
}

export function recall(kind: Kind, key: string): string | null {
  try {
    return window[kind].getItem(key);
  } catch {
    return null;
  }
}
