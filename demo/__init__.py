"""The demo shop: its catalogue and a simulated past whose truth is known.

Goes in: data/shop and a `Scenario` (seed, now, how many shoppers and days). Comes out: rows for
every table of the shop, and an oracle that says what the best possible predictor could reach.
Everything follows from the scenario, so the truth is recomputed and never stored with the shop.
"""
