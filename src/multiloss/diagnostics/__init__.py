"""Looking at a problem before it is trained: what each term asks for, and what is wrong."""

from ._diagnose import BATCHES as BATCHES
from ._diagnose import diagnose as diagnose
from ._diagnosis import Diagnosis as Diagnosis
from ._finding import SEVERITIES as SEVERITIES
from ._finding import Finding as Finding
from ._measurement import WORST_CONDITION as WORST_CONDITION
from ._measurement import Measurement as Measurement
from ._measurement import nanmean as nanmean
from ._measurement import shares_of as shares_of
from ._summary_text import SIGNS as SIGNS
from ._summary_text import cosine_cells as cosine_cells
from ._summary_text import term_cells as term_cells
from ._term_report import TermReport as TermReport
