"""Thin widgets: a panel that shows a picture, and the prompt."""
