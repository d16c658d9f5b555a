"""What `flask manifest dev` decides and prints: which blocks changed, their inputs, and how their data differs."""
