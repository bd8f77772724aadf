"""Reads Python, and commands that start it, without running any of it: what does a command reach?"""
