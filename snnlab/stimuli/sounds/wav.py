"""The chunks of a WAV file: where the samples are, whatever the sizes in its header say."""

from __future__ import annotations

from typing import Literal

# A program that writes to a pipe cannot know the sizes. It writes 0, or a number that is near the largest possible one.
_UNKNOWN = 0x7FFF0000


def completed(content: bytes) -> tuple[bytes, str]:
    """Return a WAV file with the sizes of what it holds, and a note ("": the sizes are as they were).

    Sizes that a program did not know are replaced: the samples are then what follows, in whole frames.

    Raises
    ------
    ValueError
        If the file has no samples, or ends before the samples that a known size promises.
    """
    if content[:4] not in (b"RIFF", b"RIFX") or content[8:12] != b"WAVE":
        return content, ""
    order: Literal["little", "big"] = "little" if content[:4] == b"RIFF" else "big"

    def size(at: int) -> int:
        return int.from_bytes(content[at : at + 4], order)

    whole, at, frame = size(4) + 8, 12, 1
    while at + 8 <= len(content) and content[at : at + 4] != b"data":
        if content[at : at + 4] == b"fmt ":
            frame = max(1, int.from_bytes(content[at + 20 : at + 22], order))
        at += 8 + size(at + 4) + size(at + 4) % 2
    if at + 8 > len(content):
        raise ValueError("it has no chunk of samples")
    rest, stated = len(content) - at - 8, size(at + 4)
    if rest <= 0:
        return content, ""
    unknown = stated >= _UNKNOWN or (stated == 0 and whole != len(content))
    if stated > rest and not unknown:
        raise ValueError(f"it is cut: its header says {stated:,} bytes of samples, and {rest:,} follow")
    if not unknown and whole <= len(content):
        return content, ""
    held = rest - rest % frame if unknown else stated
    sizes = [number.to_bytes(4, order) for number in (at + held, held)]
    content = content[:4] + sizes[0] + content[8 : at + 4] + sizes[1] + content[at + 8 : at + 8 + held]
    return (
        content,
        f"its header does not say how long it is: all {held // frame:,} samples are taken" if unknown else "",
    )
