"""Who may come in: hosts, tokens, sessions, and pages of other origins."""
