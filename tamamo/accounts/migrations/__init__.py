"""The states of the models, for Django alone: the tables come with the kernel's migrations."""
