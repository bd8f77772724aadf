"""Tests of the room `scaffold`, and of what it makes."""
