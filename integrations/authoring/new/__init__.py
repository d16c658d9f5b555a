"""What `flask manifest new` guesses: a manifest from an address and a sample answer."""
