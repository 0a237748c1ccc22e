"""Imports of files: read without effect, released by a second person, applied in batches. Documented in docs/imports.md."""
