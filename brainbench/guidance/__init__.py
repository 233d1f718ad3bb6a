"""Brain signals → model: maps, directions, fine-tuning, their controls, what they gain."""
