"""The commercial register, simulated. The real interface is not public: this one is an assumption that the portal's adapter shares."""
