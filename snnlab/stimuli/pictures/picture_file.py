"""Picture files as black and white pixels."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import UserError

# Endings of files that are read as pictures.
PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif", ".webp", ".pbm", ".pgm", ".ppm")


def dark_pixels(path: Path) -> np.ndarray:
    """Return whether each pixel of a picture is darker than half grey and at least half opaque, (rows, columns).

    The picture is turned as its orientation flag says.

    Raises
    ------
    UserError
        If the file cannot be read, holds several pictures, or has values without a full scale.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        # From a path, Pillow maps uncompressed TIFF files to memory and then turns them wrongly.
        with Image.open(io.BytesIO(path.read_bytes())) as image:
            count = getattr(image, "n_frames", 1)
            if count > 1:
                raise UserError(f"sequence: expected a file with one picture, got {str(path)!r} with {count}")
            grey, opaque = _grey(ImageOps.exif_transpose(image), image.format, path)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        # Pillow's message names no file.
        reason = "it is no picture of a known kind" if isinstance(error, UnidentifiedImageError) else reason
        raise UserError(f"sequence: expected a picture, got {str(path)!r}: {reason}") from None
    # Transparent pixels count as white.
    return (grey < 128) & (opaque >= 128)


def _grey(image: Any, kind: str | None, path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return brightness and opacity, each up to 255, of the pixels of a picture from a file of this kind."""
    if image.mode.startswith("I;16") or (image.mode == "I" and kind in ("PNG", "PPM")):
        # Pillow cuts values off at 255 when it converts 16 bits to 8.
        grey = np.asarray(image).astype(float) / 257
        return grey, np.full(grey.shape, 255.0)
    if image.mode in ("I", "F"):
        raise UserError(f"sequence: expected a picture of 8 or 16 bits, got {str(path)!r} with pixels of 32 bits")
    both = np.asarray((image if image.mode != "CMYK" else image.convert("RGB")).convert("LA"), float)
    return both[..., 0], both[..., 1]
