"""The screen that follows an account."""
