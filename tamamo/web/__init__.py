"""The web faces: Django views and templates over the broker's services."""
