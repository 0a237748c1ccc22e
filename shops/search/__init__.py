"""The shop search in any spelling: `queries.search_shops`, with two engines. See docs/decisions/0030-search.md."""
