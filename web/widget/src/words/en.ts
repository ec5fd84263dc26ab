/** Every word of the widget itself, in English; what the assistant says comes from the server. */
export const en = {
  launcherOpen: "Ask the shop: open the chat",
  launcherLabel: "Ask the shop",
  launcherUnread: (count: number) =>
    count === 1 ? "1 unread message" : `${count} unread messages`,
  title: "Shopping assistant",
  subtitle: "Products, your cart, delivery",
  close: "Close the chat",
  cartLink: (count: number) => (count === 1 ? "Cart, 1 item" : `Cart, ${count} items`),

  welcomeTitle: "Hello! What are you looking for?",
  welcomeText: "Say it in your own words, or start with one of these.",
  startCart: "What’s in my cart?",
  startSuggest: "Suggest something for me",
  startChoose: "Help me choose",
  startDelivery: "How much is delivery?",
  startGoesWith: "What goes with this?",

  transcript: "Conversation",
  loading: "Fetching your conversation…",
  earlier: "Show earlier messages",
  latest: "Latest messages",
  you: "You",
  assistant: "Assistant",
  typing: "The assistant is writing",
  quickReplies: "Suggested answers",
  today: "Today",
  yesterday: "Yesterday",
  checked: (time: string) => `Checked in the shop’s records at ${time}`,

  inputLabel: "Your message",
  inputPlaceholder: "Write a message",
  send: "Send",
  charactersLeft: (left: number) => (left === 1 ? "1 character left" : `${left} characters left`),
  charactersOver: (over: number) =>
    over === 1 ? "1 character too many" : `${over} characters too many`,

  sending: "Sending…",
  waiting: "Waiting to be sent",
  failed: "Not sent.",
  retry: "Try again",

  connecting: "Connecting…",
  offline: "You’re offline. I’ll reconnect by myself.",
  unreachable: "I can’t reach the shop right now. I’ll keep trying.",
  backOnline: "Connected again.",

  problems: {
    too_long: "That message is too long. Please shorten it to 2,000 characters.",
    too_fast: "That was a bit fast for me. Please wait a moment and try again.",
    busy: "I’m busy right now. Please try again in a moment.",
    failed: "Something went wrong on my side. Please try again.",
    timeout: "I got no answer from the shop.",
  },

  products: "Products",
  addToCart: "Add to cart",
  addToCartOf: (title: string) => `Add to cart: ${title}`,
  whyThis: "Why this?",
  whyThisOf: (title: string) => `Why this? ${title}`,
  notInterested: "Not interested",
  notInterestedOf: (title: string) => `Not interested: ${title}`,
  sayAdd: (title: string) => `Add ${title} to my cart`,
  sayWhy: (title: string) => `Why do you suggest ${title}?`,
  sayNotInterested: (title: string) => `I’m not interested in ${title}`,
  listPrice: "Before:",
  stock: { in_stock: "In stock", low: "Only a few left", out: "Sold out" },

  cartTitle: "Your cart",
  cartEmpty: "Your cart is empty.",
  cartThen: (count: number, total: string) =>
    count === 1 ? `Your cart then: 1 item, ${total}` : `Your cart then: ${count} items, ${total}`,
  quantity: (count: number) => `${count} ×`,
  subtotal: "Subtotal",
  discount: "Discount",
  discountWith: (code: string) => `Discount (${code})`,
  delivery: "Delivery",
  free: "Free",
  total: "Total",
  freeDeliveryGap: (gap: string) => `${gap} more and delivery is free.`,
  openCart: "Go to cart",
};

export type Words = typeof en;
