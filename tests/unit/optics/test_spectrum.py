import cv2
import numpy as np
import pytest

from unsmear.optics.spectrum import add_product, fast_transform_size


@pytest.mark.parametrize("size", [(2, 2), (2, 6), (6, 2), (10, 14), (50, 48)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_product_of_packed_spectra_is_opencvs(size: tuple[int, int], dtype: type) -> None:
    rng = np.random.default_rng(0)
    first, second, total = (rng.standard_normal(size).astype(dtype) for _ in range(3))
    expected = total + cv2.mulSpectrums(first, second, 0)
    memory = np.empty((size[0], size[1] // 2 - 1), np.result_type(dtype, np.complex64))
    add_product(total, first, second, memory)
    np.testing.assert_allclose(total, expected, atol=1e-5)


def test_transform_sizes_are_even_and_smooth() -> None:
    assert [fast_transform_size(n) for n in (1, 2, 11, 13, 746, 1306)] == [2, 2, 12, 14, 750, 1344]
