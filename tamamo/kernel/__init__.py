"""What every part stands on: settings, database, errors, time. Imports nothing of Tamamo."""
