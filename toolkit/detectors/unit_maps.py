"""The units that are known of each other (floor 4): what one number is when it is written in another unit."""

from __future__ import annotations

from typing import Final

_FACTORS: Final = (
    1000.0,
    100.0,
    10.0,
    60.0,
    3600.0,
    24.0,
    12.0,
    7.0,
    365.25,
    2.54,
    25.4,
    1.609344,
    0.45359237,
    0.3048,
    3.6,
    4.184,
    28.349523,
    3.785412,
    1e6,
    52.0,
    30.0,
    1024.0,
    14.503774,
    6.8947573,
    1.8,
    86400.0,
    18.0,
    38.67,
    88.57,
    7.50062,  # kilopascal, in millimetres of mercury
)
FACTORS: Final = tuple(f for k in _FACTORS for f in (k, 1.0 / k))
#: Fahrenheit of Celsius, and back.
_DEGREES: Final = ((1.8, 32.0), (1 / 1.8, -32 / 1.8))
#: Every map that is known, as slope and offset, the commoner factors first.
MAPS: Final = (*((factor, 0.0) for factor in FACTORS), *_DEGREES)


def written(slope: float, offset: float) -> str:
    """Write what a column became: 1.8 x + 32."""
    return f"{slope:.4g} x" + (f" {'-' if offset < 0 else '+'} {abs(offset):.4g}" if offset else "")
