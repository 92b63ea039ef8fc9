"""Built-in strategies beside orb, each against a plain second implementation of its rules."""
