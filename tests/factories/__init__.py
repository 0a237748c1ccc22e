"""Factories of rows for tests (factory_boy), a module an app. What only a service may write, they let the service write."""
