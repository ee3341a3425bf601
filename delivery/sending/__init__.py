"""Send what a partition has, one request after the other in each session."""
