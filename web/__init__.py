"""The ASGI app: event and recommendation API, storefront, chat widget, health."""
