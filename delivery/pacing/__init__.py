"""Keep the attempts of all partitions within one rate."""
