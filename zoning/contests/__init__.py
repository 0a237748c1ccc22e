"""Contests of what a layer says of a plot: by people, decided by planners."""
