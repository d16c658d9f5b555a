"""Validation rules, defined once for schemas, lint and editors."""
