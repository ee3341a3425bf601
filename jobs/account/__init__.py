"""Where every row went: the account, its status, the summary."""
