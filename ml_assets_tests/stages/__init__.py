"""Tests of the example pipeline, on real flights and by the real `dvc` command."""
