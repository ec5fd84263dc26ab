"""Left carts: finds them, decides whether and how to speak, sends it, and measures what it brought.

In: the database, a policy file and `now`. Out: messages on channels, and one row for each stage of
each abandoned cart that says what was decided and why. Everything that decides is a pure function
of (facts, now), so that a month can be replayed under a simulated clock. docs/nudges.md tells how
the parts work together.
"""
