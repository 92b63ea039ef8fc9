"""Alpaca's trading API as a state machine: no clock, no chance and no socket of its own."""
