"""JSON as the engine needs it: exact numbers, canonical bytes, bounded size, members by dotted names."""
