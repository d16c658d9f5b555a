"""One module per response type: parses bytes into a value."""
