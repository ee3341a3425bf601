"""How this process reaches AWS: its session, its proxies, its buckets. botocore decides; every other client follows."""
