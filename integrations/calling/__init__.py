"""Calls one endpoint: builds the request, sends it with retries and paging, and reads its answer."""
