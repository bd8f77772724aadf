"""The landing's memory between ticks: what was seen of each key, and which batch has it. Rebuilt when lost.

Nothing here is a truth of its own: what is in raw says the ledger, and what is in the bucket says the bucket.
"""
