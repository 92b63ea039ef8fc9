"""What other machines read: health, metrics and read-only JSON."""
