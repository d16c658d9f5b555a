"""Values of plugins' settings: checked, inherited from workspace to notebook, and the secrets among them."""
