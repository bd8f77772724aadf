"""Looks a project and its surroundings over for the traps that cost hours, and says how to mend each."""
