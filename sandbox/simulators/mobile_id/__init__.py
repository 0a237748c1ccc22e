"""The Kuwait Mobile ID double: requests over HTTP, a phone page, a callback."""
