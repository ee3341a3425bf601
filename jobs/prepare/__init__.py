"""What a run needs before Spark starts: settings, account, suite, schema."""
