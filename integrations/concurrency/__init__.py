"""Threads, processes and slots, shared out fairly."""
