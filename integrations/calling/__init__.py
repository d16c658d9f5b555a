"""One endpoint called: the request built, sent, retried, paged, and its answer read."""
