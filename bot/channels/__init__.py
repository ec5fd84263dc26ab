"""How shoppers reach the bot. `cartwright` is the web chat's socket."""
