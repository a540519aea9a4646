"""`python -m tamamo`: the same as the `tamamo` command."""

from tamamo.cli import main

if __name__ == "__main__":
    main()
