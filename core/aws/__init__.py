"""Access to AWS from this process: session, proxies and buckets, all resolved by botocore's own rules."""
