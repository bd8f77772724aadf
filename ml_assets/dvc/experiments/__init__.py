"""Experiments: variants of a pipeline, run side by side in clones, kept as ordinary DVC experiments."""
