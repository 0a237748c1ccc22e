"""Files of plots: read, compared with the register, released by a second person, applied, and undone as a whole."""
