"""Claims of shops: at once where the commercial register names the claimant, else by documents and an officer."""
