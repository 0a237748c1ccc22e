"""OGC API – Features (Part 1, ISO 19168-1): plots and land use for other bodies' map programs. No owners."""
