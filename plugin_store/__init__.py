"""What is declared and what is set: plugins, workspaces, settings and secrets. Nothing here calls out."""
