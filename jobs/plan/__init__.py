"""The cost of sending: requests, hours, gigabytes."""
