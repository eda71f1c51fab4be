"""`python -m multiloss` is the command `multiloss`."""

from .cli import main

if __name__ == "__main__":
    main()
