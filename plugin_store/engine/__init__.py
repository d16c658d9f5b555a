"""Storage: one SQLite file with many concurrent readers and one writer."""
