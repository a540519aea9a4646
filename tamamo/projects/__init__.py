"""The 36 projects of the plan, a folder each. Projects never import each other."""
