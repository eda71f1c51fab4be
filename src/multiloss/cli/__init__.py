"""The command line: `multiloss compare`, `multiloss list`."""

from ._main import main as main
