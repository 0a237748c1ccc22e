"""The Django project, and the platform apps below the services."""
