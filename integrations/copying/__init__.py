"""A store copied to another place, whatever the engine there."""
