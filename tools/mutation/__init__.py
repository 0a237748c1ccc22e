"""Mutation testing of the code that decides about money: see docs/mutation.md."""
