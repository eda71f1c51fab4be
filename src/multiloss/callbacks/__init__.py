"""Keras callbacks: the balance of the gradients in the logs, and stopping by several monitors."""

from ._balance_monitor import BalanceMonitor as BalanceMonitor
from ._early_stopping import EarlyStopping as EarlyStopping
