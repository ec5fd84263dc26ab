"""The real bot and action server, over their real protocols."""
