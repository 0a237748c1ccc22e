"""Objections to issued opinions: studied by planners of another branch, who had no part in them."""
