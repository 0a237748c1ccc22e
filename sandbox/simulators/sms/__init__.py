"""The SMS gateway simulator: messages are kept and shown instead of sent."""
