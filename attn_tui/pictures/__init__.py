"""Numbers to lines of cells: pure functions that need no running app."""
