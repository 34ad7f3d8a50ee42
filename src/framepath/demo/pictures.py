"""Pictures of frames, drawn so that gaps and hot pixels do not hide the picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

Pixels = np.ndarray[Any, np.dtype[Any]]


def save_picture(path: Path, pixels: Pixels, title: str, *, counts: bool = False) -> Path:
    """Save one frame as PNG with a colour bar.

    Parameters
    ----------
    pixels
        (y, x). Pixels at the maximum of an integer type are drawn as gaps when ``counts`` is True;
        NaN always is.
    title
        Shown above.
    counts
        A photon counter's frame: few counts matter, so the scale is logarithmic.
    """
    # The object interface: no display is needed and no global state of pyplot is touched.
    from matplotlib import colormaps
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.colors import LogNorm, Normalize
    from matplotlib.figure import Figure

    shown, low, high = _masked(pixels, counts)
    rows, columns = pixels.shape
    height = 7.0 * min(max(rows / columns, 0.3), 1.2)
    figure = Figure(figsize=(8.2, height + 0.9), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    scale = LogNorm(max(low, 1.0), max(high, 10.0)) if counts else Normalize(low, high)
    colours = colormaps["viridis" if counts else "gray"].copy()
    colours.set_bad("0.55")
    # A count of 0 has no logarithm; it is as dark as 1.
    drawn = np.ma.maximum(shown, 1.0) if counts else shown
    image = axes.imshow(drawn, norm=scale, cmap=colours, interpolation="nearest")
    figure.colorbar(image, ax=axes, label="counts" if counts else None)
    axes.set(title=title, xlabel="x (pixel)", ylabel="y (pixel)")
    figure.savefig(path, dpi=120)
    return path


def _masked(pixels: Pixels, counts: bool) -> tuple[np.ma.MaskedArray[Any, Any], float, float]:
    """Pixels without gaps, and the range that holds nearly all of them."""
    gaps = np.zeros(pixels.shape, bool)
    if counts and pixels.dtype.kind == "u":
        gaps = pixels == np.iinfo(pixels.dtype).max
    shown = np.ma.masked_invalid(np.ma.masked_array(pixels.astype(float), gaps))
    valid = shown.compressed()
    if not valid.size:
        return shown, 0.0, 1.0
    low, high = np.percentile(valid, (0.5, 99.8 if counts else 99.5))
    return shown, float(low), float(max(high, low + 1e-9))


def transmission(images: Pixels, darks: Pixels, flats: Pixels) -> Pixels:
    """Corrected image, (image - dark) / (flat - dark), of stacks (frames, y, x); float (y, x).

    A pixel whose flat is not brighter than its dark has no transmission: NaN.
    """
    dark = darks.mean(axis=0)
    beam = flats.mean(axis=0) - dark
    with np.errstate(divide="ignore", invalid="ignore"):
        corrected = (images[0] - dark) / beam
    return np.where(beam > 0, corrected, np.nan)
