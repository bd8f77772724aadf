"""Tests of the embedded S3 and the feed."""
