"""Actions: calls that change something at a provider. A user runs them, once per Idempotency-Key, never a render."""
