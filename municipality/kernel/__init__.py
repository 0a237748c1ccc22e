"""The ground floor: plain Python that every part of the portal stands on."""
