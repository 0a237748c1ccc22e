"""The office's work on the register: merges, small corrections and events by hand."""
