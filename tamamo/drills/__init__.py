"""Drills (訓練) as they are prepared, played and reviewed; the engine knows no script by name."""
