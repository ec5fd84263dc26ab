"""The `cartwright` command, one file a command group."""
