"""Every change of the database, inside the caller's transaction."""
