"""The rain nowcast on the portal's map."""
