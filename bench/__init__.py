"""The benchmarks: one file a question, ours and the peers' figures side by side in one run.

``python -m bench [group ipfe curve dlog threads] [--json -|FILE] [--plot FILE.png] [--quick]``. What each id measures,
from where to where and on which inputs, stands in ``ids.toml``; the code here must produce exactly those ids.
"""
