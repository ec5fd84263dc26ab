"""Next-item prediction on public session logs, measured as published results are."""
