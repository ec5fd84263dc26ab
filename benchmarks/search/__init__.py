"""Quality and speed of the product search on the demo catalogue."""
