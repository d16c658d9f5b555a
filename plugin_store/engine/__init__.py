"""Storage: what the code needs of a store, and the engines that offer it."""
