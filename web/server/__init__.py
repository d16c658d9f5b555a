"""The server: its HTTP engine, its threads, and the dispatcher of requests."""
