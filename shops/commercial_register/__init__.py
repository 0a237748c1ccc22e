"""The commercial register of the Ministry of Commerce and Industry (MOCI): read every night; differences go to staff."""
