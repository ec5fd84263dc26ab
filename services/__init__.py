"""What the web app, the chat actions and the nudges share: search, suggestions, product cards.

Goes in: an identity and a database session. Comes out: answers built from the rows read.
"""
