"""The store's routes: one blueprint a resource."""
