"""The history of numbers: samples of what blocks answered."""
