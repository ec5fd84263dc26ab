"""Brings back carts that were left (the scheduler process)."""
