"""Times that files write in different ways: what is lost where they are mixed, cut or compared."""
