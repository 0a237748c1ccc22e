"""Reading files of paper fines: bytes to cells, cells to a fine or to what is wrong with them. Documented in docs/paper-fines.md."""
