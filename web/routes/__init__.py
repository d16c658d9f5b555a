"""The gate's own routes."""
