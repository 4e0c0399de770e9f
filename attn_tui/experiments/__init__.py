"""The experiments: what is known of the one on show, the panels that show it, and what keys do there."""
