"""What everybody who looks at a session is shown: its facts of one moment, and in words."""
