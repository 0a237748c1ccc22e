"""What is done to violations. Each function is one transaction: state, record, promised jobs and messages commit together."""
