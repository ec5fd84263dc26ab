"""How long a running shop takes to answer, measured over the network as a browser would see it.

`cartwright bench recommendations` and `cartwright bench chat` measure against the processes of
`cartwright up`; both make visitors of their own, who look around before they are suggested to.
"""
