"""The meaning of a manifest: templates, base URLs, the compiled model and its compiler."""
