"""The small kernel that every package stands on.

Settings, clock, ids, signed tokens, money and logging; nothing here knows what a cart is.
"""
