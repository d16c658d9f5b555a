"""The server: its engine, the threads that take requests in, and who answers them."""
