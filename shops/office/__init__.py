"""The register in the hands of staff: merges, small corrections and events, each by whoever holds the role."""
