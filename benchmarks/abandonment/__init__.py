"""How well visits that end in a purchase are told from those that do not, beside baselines."""
