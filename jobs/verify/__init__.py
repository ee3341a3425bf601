"""Compare what was sent or imported with what the service reports and exports."""
