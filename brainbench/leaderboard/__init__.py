"""Submissions in, a static site out: what is accepted, what is ranked, and how it is shown."""
