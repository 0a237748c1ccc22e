"""What is done with requests for boards."""
