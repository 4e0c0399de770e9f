"""Pictures of the mask laboratory."""
