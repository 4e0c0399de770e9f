"""All layers of a source: what is known of them, and what keys do among them."""
