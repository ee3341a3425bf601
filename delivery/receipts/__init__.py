"""Record what the service accepted and what it refused."""
