"""testing."""

from ._losses import check_loss as check_loss
