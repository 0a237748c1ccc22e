"""Suspension of a licence and administrative closure of a shop: proposed by one person, signed by another, ended by day or lifted."""
