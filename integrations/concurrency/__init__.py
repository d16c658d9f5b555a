"""Threads and slots, shared fairly."""
