"""What is published of the register: the files of every night, the feed of changes, and their catalogue."""
