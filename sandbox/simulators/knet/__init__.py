"""The KNET gateway simulator: hosted payment page, notification, inquiry, refund, and the bad days on command."""
