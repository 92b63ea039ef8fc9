"""A slow and plain implementation of the trading rules, written from their page alone."""
