"""Values of plugins' settings: validated, inherited from workspace to notebook, and the secrets among them."""
