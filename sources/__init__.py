"""From `source:` to a DataFrame: the files, their contents, and how Spark reads them completely."""
