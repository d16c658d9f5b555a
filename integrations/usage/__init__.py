"""How much an integration is used: counted beside the renders, read together with the log of the calls."""
