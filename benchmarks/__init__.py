"""What things cost, each against something well known: `make bench`."""
