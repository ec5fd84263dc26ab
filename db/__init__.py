"""What Cartwright knows, in SQL: models, migrations, sessions, reads and writes.

Goes in: a session and plain values, with `now` passed in. Comes out: rows and small dataclasses.
SQLite and PostgreSQL behave alike; money is whole minor units, time is aware UTC.
"""
