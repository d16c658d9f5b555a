"""Converts parts of OpenAPI 3.0 and 3.1 documents to parts of a manifest."""
