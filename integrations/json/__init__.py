"""JSON for the engine: exact numbers, canonical bytes, limited size, members by dotted names."""
