"""What layers say about a shape on a day."""
