"""Guidance of models by brain signals: steering, fine-tuning, their baselines and gains."""
