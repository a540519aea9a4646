"""`tamamo user`, `tamamo key`, `tamamo org`: who may do what, from the terminal."""
