"""Usage of integrations: counted beside the renders, and reported together with the call log."""
