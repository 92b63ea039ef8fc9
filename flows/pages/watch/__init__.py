"""An account on a screen of the terminal that follows it, or as a line for each change."""
