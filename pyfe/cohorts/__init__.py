"""Encrypted rows of any number, in chunks; and long work in parts that a killed command goes on with.

===============  ================================================================================================
``manifest``     what a work folder holds, and of which command it is
``parts``        work folders: parts made one after the other, each durable; lock, resume
===============  ================================================================================================
"""
