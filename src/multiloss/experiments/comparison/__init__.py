"""Contenders side by side: the plan of their runs, and the result with its summary and its words."""

from ._comparison import Comparison as Comparison
from ._contender_summary import ContenderSummary as ContenderSummary
from ._contenders import contenders as contenders
from ._plan import Plan as Plan
from ._plan import Report as Report
from ._progress import CompareProgress as CompareProgress
from ._statements import Statement as Statement
