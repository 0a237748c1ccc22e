"""The instant answer: may this activity open on this floor of this plot, and by which article."""
