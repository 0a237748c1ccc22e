"""The Kuwait Mobile ID simulator: requests over HTTP, a phone page, a callback."""
