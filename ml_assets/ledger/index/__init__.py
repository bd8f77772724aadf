"""A local index over the ledger, for questions that touch many records: a cache, made again at any time."""
