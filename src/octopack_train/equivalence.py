"""Are two models the same? Names, and of each tensor shape, type and bits, a piece of one tensor at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from octopack_train.logits import LogitDifference, compare_logits, load_model, logits
from octopack_train.tensor_files import TensorFiles, natural, open_tensors

if TYPE_CHECKING:
    import torch

PIECE = 4 * 2**20
"""Values that are compared at a time: some 100 MB, with the differences in double precision."""
Kind = Literal["only in the first", "only in the second", "shape", "type", "values"]


@dataclass(frozen=True)
class Difference:
    """One tensor in which two models differ."""

    name: str
    kind: Kind
    first: str
    """Shape and type in the first model; empty where it has no such tensor."""
    second: str
    unequal: int | None = None
    """Values that differ in a bit (with other types: as numbers); None where they cannot be compared."""
    place: int | None = None
    """Of the first of them, counted from 0 in the flattened tensor."""
    there: tuple[str, str] | None = None
    """The two values at that place, with nine digits."""
    max_abs: float | None = None
    max_relative: float | None = None
    """Largest difference of two values, by the larger of the two."""

    def said(self) -> str:
        """One line for people."""
        if self.kind in ("only in the first", "only in the second"):
            return f"{self.name}: {self.kind} ({self.first or self.second})"
        sides = self.first if self.first == self.second else f"{self.first} and {self.second}"
        if self.unequal is None:
            return f"{self.name}: {self.kind}: {sides}"
        many = "1 value differs" if self.unequal == 1 else f"{self.unequal:,} values differ"
        numbers = f"{many}, by at most {self.max_abs:.3g} (relative {self.max_relative:.3g})"
        place = f", first at {self.place:,}: {' and '.join(self.there)}" if self.there is not None else ""
        return f"{self.name}: {self.kind}: {sides}; {numbers}{place}"


@dataclass(frozen=True)
class Comparison:
    """Two models, compared."""

    tensors: int
    """Names that were compared, of either side."""
    values: int
    """Numbers that were compared."""
    ignored: tuple[str, ...]
    """Names that were left out, as asked."""
    differences: tuple[Difference, ...]
    """In the natural order of names."""
    logits: LogitDifference | None = None
    logits_tolerance: float = 0.0

    @property
    def equal(self) -> bool:
        """Nothing differs, and the logits, if they were asked for, by no more than is allowed."""
        return not self.differences and self.logits_equal

    @property
    def logits_equal(self) -> bool:
        """Not so if a logit is no number."""
        return self.logits is None or self.logits.max_abs <= self.logits_tolerance

    def plain(self) -> dict[str, Any]:
        """Return plain values, for machines."""
        return {"equal": self.equal, **asdict(self)}


def compare_models(
    first: Path, second: Path, *, ignore: Sequence[str] = (), with_logits: bool = False, logits_tolerance: float = 0.0
) -> Comparison:
    """Compare two models in files; ``ignore`` are patterns of names (``*.attn.bias``); raises InputError.

    Logits are those of fp32 models, one loaded behind the other.
    """
    sides = (open_tensors(first), open_tensors(second))
    names = sorted({*sides[0].places, *sides[1].places}, key=natural)
    ignored = tuple(name for name in names if any(fnmatchcase(name, pattern) for pattern in ignore))
    left = [name for name in names if name not in set(ignored)]
    differences, values = [], 0
    for name in left:
        difference, count = _compare(name, *sides)
        values += count
        differences += [difference] if difference else []
    apart = compare_logits(_logits(first), _logits(second)) if with_logits else None
    return Comparison(len(left), values, ignored, tuple(differences), apart, logits_tolerance)


def _logits(path: Path) -> torch.Tensor:
    return logits(load_model(path if path.is_dir() else path.parent, "fp32"))


def _compare(name: str, first: TensorFiles, second: TensorFiles) -> tuple[Difference | None, int]:
    if name not in second.places:
        return Difference(name, "only in the first", _shown(first.tensor(name)), ""), 0
    if name not in first.places:
        return Difference(name, "only in the second", "", _shown(second.tensor(name))), 0
    a, b = first.tensor(name), second.tensor(name)
    if a.shape != b.shape:
        return Difference(name, "shape", _shown(a), _shown(b)), 0
    unequal, place, there, max_abs, max_relative = 0, None, None, 0.0, 0.0
    for start, left, right in _pieces(a, b):
        differs = bits(left) != bits(right) if a.dtype == b.dtype else left.double() != right.double()
        count = int(differs.sum())
        if not count:
            continue
        x, y = left[differs].double(), right[differs].double()
        if place is None:
            place, there = start + int(differs.nonzero()[0]), (f"{float(x[0]):.9g}", f"{float(y[0]):.9g}")
        unequal += count
        apart = (x - y).abs()
        larger = x.abs().maximum(y.abs())
        relative = apart / larger.where(larger > 0, larger.new_ones(()))  # 0.0 and -0.0 differ by nothing
        max_abs, max_relative = _larger(max_abs, float(apart.max())), _larger(max_relative, float(relative.max()))
    if a.dtype == b.dtype and not unequal:
        return None, a.numel()
    kind: Kind = "values" if a.dtype == b.dtype else "type"
    return Difference(name, kind, _shown(a), _shown(b), unequal, place, there, max_abs, max_relative), a.numel()


def _larger(one: float, other: float) -> float:
    """NaN is the largest of all: a difference from it has no amount."""
    return one if one != one or one > other else other


def _pieces(a: torch.Tensor, b: torch.Tensor) -> Iterator[tuple[int, torch.Tensor, torch.Tensor]]:
    a, b = a.reshape(-1), b.reshape(-1)
    for start in range(0, a.numel(), PIECE):
        yield start, a[start : start + PIECE], b[start : start + PIECE]


def bits(values: torch.Tensor) -> torch.Tensor:
    """The same bytes as whole numbers: NaN equals itself there, and 0.0 is not -0.0."""
    import torch

    kinds = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
    return values.view(kinds[values.element_size()])


def _shown(tensor: torch.Tensor) -> str:
    return f"{'x'.join(map(str, tensor.shape)) or 'one number'} {str(tensor.dtype).removeprefix('torch.')}"
