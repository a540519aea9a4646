"""The smart-city plan: its 36 project folders, their recorded figures and how these are shown."""
