"""Tests of the way from a bucket into raw."""
