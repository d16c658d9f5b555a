"""The routes of integrations: one blueprint per resource."""
