"""One session of an account as people look at it: what it did bar by bar, read from its ledger."""
