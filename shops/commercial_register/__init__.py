"""The commercial register of the Ministry of Commerce and Industry (MOCI): asked every night, kept as it answered, differences shown."""
