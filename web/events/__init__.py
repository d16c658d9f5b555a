"""Live events: what changes in the store, sent to whoever watches, as Server-Sent Events."""
