"""The groups who work on the plots: a clerk loads files, a planner releases and undoes them; never the same person both."""

CLERK, PLANNER = "plot_clerk", "planner"  # names of the two groups
