"""How long a sweep takes over many open carts, and whether its memory grows with them.

`cartwright bench nudges` fills a database of its own with `carts.fill`, sweeps it once in a process
of its own with a channel that takes everything, and says what it took.
"""
