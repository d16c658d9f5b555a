"""Who may come in, and what an answer looks like."""
