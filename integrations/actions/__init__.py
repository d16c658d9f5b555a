"""What changes something at a provider: run by a person, once for each Idempotency-Key, and never by being drawn."""
