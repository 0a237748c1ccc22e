"""The SMS gateway double: messages are kept and shown instead of sent."""
