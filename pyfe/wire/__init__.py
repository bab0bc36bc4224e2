"""The envelope of everything that travels, and what is inside one: nothing here knows an object or a scheme.

Every object is one *envelope*: a fixed binary header (kind, number of the scheme, parameter hash, public key id,
lengths), a native payload that only the core reads and writes, a metadata block in deterministic CBOR (RFC 8949,
section 4.2), and an Ed25519 signature where the object has one. There is one strict decoder per object: what it
accepts, the encoder writes again byte for byte; anything else is a :class:`~pyfe.DecodeError` (or a
:class:`~pyfe.SignatureError`).

An object's bytes live with the object. The kinds there are:

=====  ================  ======  ======================================================================
kind   object            signed  where
=====  ================  ======  ======================================================================
1      schema            no      :mod:`pyfe.schema`
2      function          no      :mod:`pyfe.function`
3      public key        yes     :mod:`pyfe.keys.public_key` (by the authority's key that it contains)
4      function key      yes     :mod:`pyfe.keys.function_key` (by the authority)
5      ciphertext batch  no      :mod:`pyfe.ciphertext`
6      sealed authority  no      :mod:`pyfe.authority.vault` (encrypted and authenticated; ``sealed_file``: of before)
7      audit log         no      :mod:`pyfe.audit.export` (the head in it is signed)
8      identity          yes     :mod:`pyfe.identity.identity` (by the key that it contains)
9      request           yes     :mod:`pyfe.identity.statements` (by who says it, as 10 and 11)
10     approval          yes     :mod:`pyfe.identity.statements`
11     revocation        yes     :mod:`pyfe.identity.statements`
12     sealed key        no      :mod:`pyfe.identity.sealed_key` (the key inside is)
13     sealed identity   no      :mod:`pyfe.identity.secret` (encrypted and authenticated)
14     epoch table       yes     :mod:`pyfe.epochs.table` (by the authority)
15     revocation list   yes     :mod:`pyfe.keys.revocation_list` (by the authority)
16     sealed owner      no      :mod:`pyfe.owner.secret` (encrypted and authenticated)
=====  ================  ======  ======================================================================

:mod:`pyfe.objects` decodes an object of any kind; :mod:`pyfe.adapters` knows which scheme has which number.
"""

from __future__ import annotations

from pyfe.wire.envelope import Kind, kind_of

__all__ = ["Kind", "kind_of"]
