"""Tests of ml_assets, one folder a room."""
