"""Queries that return small frozen dataclasses, filtered by the identity that asks."""
