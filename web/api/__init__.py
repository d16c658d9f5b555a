"""The conventions of the API: JSON, problem details (RFC 9457), OpenAPI."""
