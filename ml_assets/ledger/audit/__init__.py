"""Whether the ledger and what it names are what they were, and what may go."""
