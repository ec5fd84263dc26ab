"""Rasa's custom actions, one file a skill: read slots, call services and db, utter."""
