"""How ours compares with what a user would do instead: each benchmark a question, a peer and a ratio."""
