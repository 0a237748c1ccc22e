"""The groups who work on the register: a clerk writes sheets and proposals, a keeper approves them; never the same person both."""

CLERK, KEEPER = "register_clerk", "register_keeper"  # names of the two groups
