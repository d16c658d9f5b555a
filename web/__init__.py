"""Access control, the HTTP server, and the format of answers."""
