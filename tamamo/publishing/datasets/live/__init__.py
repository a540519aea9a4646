"""Live datasets: declared in project folders, read from the entities when somebody asks."""
