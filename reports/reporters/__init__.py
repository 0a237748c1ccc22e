"""Who reported. Nothing else of this service reads `Reporter`."""
