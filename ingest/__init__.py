"""Brings a shop's own logs and catalogues in: readers, cleaning, quarantine, resumable loading."""
