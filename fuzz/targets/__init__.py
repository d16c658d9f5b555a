"""Each module is a target: `SEEDS`, and `check`, which raises AssertionError, or anything else, for a fault."""
