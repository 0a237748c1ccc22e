"""Signatures of the landlord and of the owner of a trademark under boards, asked for by a link before the request is sent."""
