"""Scores, models and data passed to and from other tools, one folder each."""
