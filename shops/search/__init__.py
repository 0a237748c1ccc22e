"""Finding a shop in any spelling: one interface (`queries.ask`), two engines. See docs/decisions/0030-search.md."""
