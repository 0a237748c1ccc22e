"""What people ask of the public page of a shop: that a fact be corrected, and that a reply stand beside a finding."""
