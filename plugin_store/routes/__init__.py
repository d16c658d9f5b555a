"""The store's routes: one blueprint per resource."""
