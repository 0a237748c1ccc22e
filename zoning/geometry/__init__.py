"""Exact geometry of plots and layers: reference systems, shapes, measures and the box index. No system library beyond the wheels."""
