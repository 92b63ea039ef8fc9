"""Strategies: a parameter model and two functions each, read by `trading.engine.settle`."""
