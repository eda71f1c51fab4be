"""Draws and writes what the experiments found; computes nothing."""

from ._diagnosis_write import write_diagnosis as write_diagnosis
from ._publish import PARTS as PARTS
from ._tuning_write import write_tuning as write_tuning
from ._write import write_report as write_report
