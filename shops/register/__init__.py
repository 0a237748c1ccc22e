"""The register of shops itself: what it says, how it changes, and what happened to a shop."""
