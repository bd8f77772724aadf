"""Each trap planted in a small real project, beside the state in which nothing is found."""
