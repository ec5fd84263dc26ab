/** What the parts of the chat can ask for. */

export interface Actions {
  /** Say something in the shopper's name; `payload` is what a button stands for. */
  say(text: string, payload: string | null): void;
  retry(id: string): void;
  /** The origin of the shop's server, which relative addresses belong to. */
  readonly base: string;
}
