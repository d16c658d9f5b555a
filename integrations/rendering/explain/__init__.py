"""What a render would send and why, told without sending anything and without opening a secret."""
