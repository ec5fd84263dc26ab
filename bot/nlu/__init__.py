"""Language understanding: what a shopper's sentence is about, and what they want done.

In: the text of one message. Out: entities (spans with values, some with the role "exclude") and
an intent. `matcher` and `intents` are the two Rasa components; everything else is plain functions
from text to spans.
"""
