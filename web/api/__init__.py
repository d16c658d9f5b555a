"""How the API speaks: JSON, problem details (RFC 9457), OpenAPI."""
