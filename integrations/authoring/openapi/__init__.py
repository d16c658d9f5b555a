"""OpenAPI 3.0 and 3.1, read piece by piece into the words of a manifest."""
