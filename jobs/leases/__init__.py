"""Leases: one run at a time in a folder and for a tracking ID."""
