"""Rebuilds what a record names, from Git, the remote and the record alone."""
