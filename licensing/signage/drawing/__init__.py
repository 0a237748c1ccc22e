"""The size of a board by its outline on a photo."""
