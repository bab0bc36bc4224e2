"""The benchmarks: one file a question, ours and the peers' figures side by side in one run.

``python -m bench`` (docs/guides/bench.md). What each id measures, from where to where and on which inputs, stands in
``ids.toml``; the code here must produce exactly those ids.
"""
