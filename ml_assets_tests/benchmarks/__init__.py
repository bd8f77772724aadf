"""Tests of the benchmarks' harness: its arithmetic and the shape of what it writes, never a time."""
