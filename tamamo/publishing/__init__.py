"""What a town says to everybody: warnings to the public."""
