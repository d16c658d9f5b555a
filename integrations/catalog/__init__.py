"""The compiled manifests, and the part of them that a caller may use."""
