"""The mask laboratory: what a rule allows, what it costs, whether it is right, at any length."""
