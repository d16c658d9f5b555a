"""What may stand in a manifest."""
