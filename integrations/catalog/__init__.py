"""The compiled manifests, and what of them a caller may use."""
