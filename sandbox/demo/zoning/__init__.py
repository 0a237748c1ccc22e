"""The invented city of the demo: blocks, streets, plots and what applies on them."""
