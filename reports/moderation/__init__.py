"""Hiding what the public must not see, and agreeing to what it may."""
