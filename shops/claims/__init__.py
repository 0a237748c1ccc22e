"""Claims of shops: by a match with the commercial register, or by documents that an officer reviews."""
