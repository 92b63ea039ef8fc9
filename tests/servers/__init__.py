"""Servers that speak the providers' protocols on 127.0.0.1, for the real clients to call."""
