"""The register of shops: its queries, its changes and its events."""
