"""The HTML report of `cartwright mine`."""
