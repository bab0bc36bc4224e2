"""Hostile bytes for everything that Python reads: ``python scripts/fuzz.py python``; a quick replay runs in pytest.

``targets``   one function a reader, and the seeds it starts from
``mutation``  changes that keep the frame sound: lengths, CBOR and signatures are repaired
``checks``    what every reader promises: a named error or an object, within a second and 64 MB + 8 times the input
``engine``    the coverage-guided runner, on atheris
"""
