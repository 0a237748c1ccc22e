"""Services of new health licences: the request, the approval of its location, and the licence."""
