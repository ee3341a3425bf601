"""From `source:` to a DataFrame: which files there are, what they hold, and how Spark reads them whole."""
