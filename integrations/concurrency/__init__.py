"""Threads, process locks and slots, shared fairly."""
