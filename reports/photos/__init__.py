"""Photos of reports: public copies, faces and number plates, photos that were used before."""
