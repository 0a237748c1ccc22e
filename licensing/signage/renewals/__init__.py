"""Renewing boards of any number of shops in one act."""
