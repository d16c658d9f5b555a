"""The store in a PostgreSQL database, shared by processes. Imported only where one is configured."""
