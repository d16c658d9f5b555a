"""How state is stored: one SQLite file, read side by side, written by one at a time."""
