"""Production: runs in a clone of the pinned commit, the ledger as the memory."""
