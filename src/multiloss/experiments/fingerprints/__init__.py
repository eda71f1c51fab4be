"""What a run depends on, as digests: whether a stored run still answers the question that is asked now."""

from ._fingerprint import Fingerprint as Fingerprint
from ._fingerprint import digest as digest
from ._fingerprint import fingerprint as fingerprint
from ._node import InOrder as InOrder
