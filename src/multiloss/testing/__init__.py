"""The contract tests, for people's own members too."""

from ._balancers import check_balancer as check_balancer
from ._loss_samplers import LossSample as LossSample
from ._loss_samplers import sample_losses as sample_losses
from ._losses import check_loss as check_loss
from ._observation import observe as observe
from ._properties import find_counterexample as find_counterexample
from ._samplers import Sample as Sample
from ._samplers import sample_gradients as sample_gradients
