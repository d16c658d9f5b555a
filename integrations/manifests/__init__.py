"""What a manifest means: templates, base URLs, the compiled model and its compiler."""
