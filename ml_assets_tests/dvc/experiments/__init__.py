"""Experiments against DVC's own: what they are, and what they leave alone."""
