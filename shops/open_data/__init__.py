"""Publishing the register: the nightly files, the feed of changes, and their catalogue."""
