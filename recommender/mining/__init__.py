"""Sequential patterns and rules: what shoppers do one after the other, exact and with counts."""
