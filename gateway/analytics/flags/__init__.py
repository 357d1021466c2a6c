"""What somebody ought to look at in a call: threats, churn, abuse, callers who can't cope, calls that went nowhere.

Which flags there are is in `rules/flags.yaml`; here is how its words are found and how its conditions look at calls.
"""

from __future__ import annotations

from gateway.analytics.flags.rules import FlagRules

__all__ = ["FlagRules"]
