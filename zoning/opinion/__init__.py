"""The formal opinion: ordered and paid on the portal, drafted by a planner beside the instant answer, sealed."""
