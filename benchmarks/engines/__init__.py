"""From which size on Spark mines sooner than one process."""
