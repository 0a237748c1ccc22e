"""Kuwait Mobile ID: the port, its HTTP adapter and the provider that signs people in."""
