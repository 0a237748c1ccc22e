"""Requests on the public page of a shop: to correct a fact, and to publish a reply to a finding."""
