"""One module a response type: bytes in, a value out."""
