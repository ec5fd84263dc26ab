"""Predicts what a shopper takes next and says why.

Goes in: arrays of steps (item, action, time) and polars frames of events and items. Comes out:
ranked suggestions with their sources and reasons, rules with their counts, evaluation reports.
Knows no database session, no chat message and no address.
"""
