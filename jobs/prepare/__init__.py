"""The preparation of a run before Spark starts: settings, account, suite, schema."""
