"""The bridge to lm-eval: tasks, models as it asks them, and what is told of the answers."""
