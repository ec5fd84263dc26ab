"""Whether what a reason names is why: take it away, and look what becomes of the score."""
