"""Pictures of the heads: at a glance beside the map, and the page of all heads."""
