"""Simulated shoppers through the production rules: a year seen before anybody is written to.

In: a policy and a decider. Out: who would have been written to, what it cost and brought, and what
the best would have brought. The gates, hold-out, experiments, coupons' rules and decision are those
of production; what stands in memory instead of in SQL is the claim, the history and the budget's
ledger (`replay`). `truth` says why people leave and what brings them back, `shoppers` draws them,
`audit` looks at every message again by rules of its own, `policies` holds what is compared with.
"""
