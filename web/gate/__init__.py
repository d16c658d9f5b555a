"""Access control: hosts, tokens, sessions, and origins."""
