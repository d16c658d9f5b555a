"""What is called and kept: manifests made calls, answers made artifacts."""
