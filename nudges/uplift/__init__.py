"""What a treatment changes: the chance that a left cart is bought, with and without it.

In: the facts of left carts. Out: a decision for each, with what was expected of every treatment.
`features` says what is looked at, `model` what is learned, `decider` how cost is weighed,
`estimators` what a policy would have earned on logged decisions, `learn` how a shop's own log
becomes a model.
"""
