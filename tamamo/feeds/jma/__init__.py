"""What the Japan Meteorological Agency publishes, as a town's own knowledge."""
