"""What an account does now and did in a session: one reading of its ledger for all who look."""
