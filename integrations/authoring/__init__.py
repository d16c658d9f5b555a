"""What helps a person write a manifest: import from OpenAPI, lint, a schema for editors."""
