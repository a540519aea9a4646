"""What a town watches besides gauges, as layers of the map; and its data sources by name."""
