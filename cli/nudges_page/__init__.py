"""How `cartwright nudges simulate` shows what it found: on the terminal, and as a page."""
