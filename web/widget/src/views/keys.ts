/** Arrow keys inside a group of controls; Tab goes through them as everywhere. */

const FOCUSABLE = "a[href], button:not([disabled])";

/** Move the focus to the first control of the item before or after the one that has it. */
export function moveFocus(
  event: KeyboardEvent,
  item: string,
  keys: { back: string; on: string },
): void {
  const step = event.key === keys.on ? 1 : event.key === keys.back ? -1 : 0;
  if (step === 0 || !(event.target instanceof Element)) return;
  const group = event.currentTarget as Element;
  const items = Array.from(group.querySelectorAll(item));
  const current = items.findIndex((each) => each.contains(event.target as Element));
  const next = items[current + step];
  const control = next?.matches(FOCUSABLE) ? next : next?.querySelector(FOCUSABLE);
  if (!(control instanceof HTMLElement)) return;
  event.preventDefault();
  control.focus();
}
