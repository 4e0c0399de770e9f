"""The mask laboratory: what is asked of a mask, by whom it is answered, and what keys do there."""
