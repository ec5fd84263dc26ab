"""A policy on what a shop's own shoppers did: the sweep itself, over a copy, by a simulated clock.

In goes the shop's database, which is only read; out comes who would have been written to and why
the others would not. The copy is an SQLite file that lives as long as the rehearsal does. Shoppers
do what they did: nobody answers a message that was never sent.
"""
