"""What inspectors and their supervisors do with reports."""
