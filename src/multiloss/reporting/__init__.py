"""Draws and writes what the experiments found; computes nothing."""

from ._write import write_report as write_report
