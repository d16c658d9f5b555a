"""A server's set-up from files: read, compared with the store, applied in one transaction, written again."""
