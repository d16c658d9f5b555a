"""The routes of integrations: one blueprint a resource."""
