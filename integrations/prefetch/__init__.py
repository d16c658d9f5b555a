"""Blocks fetched ahead: which, when, and by which process."""
