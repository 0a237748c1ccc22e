"""The KNET gateway double: hosted payment page, notification, inquiry, refund, and the bad days on command."""
