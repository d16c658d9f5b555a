"""Tools for manifest authors: import from OpenAPI, lint, a schema for editors."""
