"""An evaluation as a page with figures."""
