"""The project and the platform under the services."""
