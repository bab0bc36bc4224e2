"""No argument's value may appear in an error text: the native module's own TypeErrors print all arguments."""

import numpy as np
import pytest

from pyfe import _core

MARK = 987654321


def test_a_wrongly_typed_row_is_not_printed() -> None:
    scheme = _core.ipfe_ddh
    mpk, _ = scheme.setup(scheme.Parameters(2, np.zeros(2, np.int64), np.full(2, 2**30, np.int64), 7))
    for wrong in (np.full((2, 2), MARK, np.int32), np.full((4, 4), MARK, np.int64)[::2, ::2], [[MARK, MARK]]):
        with pytest.raises(TypeError) as caught:
            scheme.encrypt(mpk, wrong)
        assert str(MARK) not in str(caught.value)
        assert "x: must be a C-contiguous numpy array of int64" in str(caught.value)
    with pytest.raises(TypeError) as caught:
        scheme.encrypt(b"no key", np.full((1, 2), MARK, np.int64))
    assert str(MARK) not in str(caught.value)


def test_master_key_bytes_are_not_printed() -> None:
    with pytest.raises(TypeError) as caught:
        _core.ipfe_ddh.MasterSecretKey.from_bytes(bytearray(b"MARK" * 20))
    assert "MARK" not in str(caught.value)


@pytest.mark.parametrize("name", ["mul_base", "scalar_invert", "scalar_reduce"])
def test_scalars_are_not_printed(name: str) -> None:
    with pytest.raises(TypeError) as caught:
        getattr(_core.ristretto255, name)(np.full((1, 32), MARK, np.int64))
    assert str(MARK) not in str(caught.value)


def test_scalars_beside_a_wrong_argument_are_not_printed() -> None:
    scalars = np.full((1, 32), 77, np.uint8)
    with pytest.raises(TypeError) as caught:
        _core.ristretto255.mul([[1]], scalars)
    assert "77" not in str(caught.value)
