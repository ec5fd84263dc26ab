"""The SQL of left carts: claiming, facts, letting go, outcomes; alike on SQLite and PostgreSQL."""
