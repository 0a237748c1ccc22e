"""The register of shops in the staff's admin: sheets, merges and events, each by whoever holds the role."""
