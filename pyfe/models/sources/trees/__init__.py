"""Ensembles of shallow trees: one file a library that turns its trees into a common form, and what makes of that form a
schema and a quadratic function on its bits."""
