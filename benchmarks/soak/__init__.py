"""Two servers on one data folder under a mixed load for minutes, while one is killed again and again."""
