"""Finding a shop in any spelling: one interface (`asking.ask`), two engines. See docs/decisions/0030-search.md."""
