"""Prefetching: which blocks, when, and in which process."""
