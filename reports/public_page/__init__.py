"""What everybody sees of reports: the page of each, the map, figures, open data and weekly messages."""
