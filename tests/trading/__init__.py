"""Tests of the trading core: rules as tables, properties, mutants and independent oracles."""
