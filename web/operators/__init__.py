"""Pages for the shop's own people: left carts, what became of each, and what reminders brought.

They tell and do what `cartwright nudges` tells and does, by the same functions. Without
CARTWRIGHT_OPERATOR_SECRET there are none.
"""
