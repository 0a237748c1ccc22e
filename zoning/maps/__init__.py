"""The base data of the portal's maps: outlines of areas, blocks and plots by zoom."""
