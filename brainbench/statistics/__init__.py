"""Statistics of answers and of people: arrays in, numbers out."""
