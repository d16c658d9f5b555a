"""The store in one SQLite file: many concurrent readers and one writer."""
