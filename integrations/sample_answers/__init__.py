"""Answers of providers kept in files: recorded, and given instead of calls."""
