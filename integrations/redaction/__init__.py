"""Secrets masked in what providers answer, in every encoding."""
