"""The working year of the plan at the desk: what is to be reported, entered, approved."""
