"""The append-only history of what happened to the data: the commit point of every step."""
