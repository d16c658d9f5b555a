"""The store in a PostgreSQL database, for any number of processes and hosts. Imported only where one is configured."""
