"""Gradients of several terms at once: pullbacks, their inner products, and captured activations."""

from ._capturable import REPRESENTATION as REPRESENTATION
from ._capturable import capturable_layers as capturable_layers
from ._capturable import representation_layers as representation_layers
from ._captured import Activations as Activations
from ._captured import CapturedLayer as CapturedLayer
from ._captured import cut as cut
from ._products import GramianProducts as GramianProducts
from ._products import NormProducts as NormProducts
from ._products import Products as Products
from ._pullback import Cotangents as Cotangents
from ._pullback import PassByPass as PassByPass
from ._pullback import Pullback as Pullback
from ._pullback import single_cotangent as single_cotangent
from ._recording import RecordingScope as RecordingScope
from ._recording import Versions as Versions
