"""Incidents: what of the portal did not work and for how long, the public status page, and the deadlines that move because of it.
Documented in docs/incidents.md."""
