"""Benchmarks, each with a well-known alternative: `make bench`."""
