"""Tensors from files: named as the model names them, finite, in float32."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from vaqf_compiler.errors import UserError
from vaqf_compiler.weights import check_weights_file, unreadable

WRAPPERS = ("_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module.")
"""What torch.compile, FSDP and activation checkpointing put before the names of what they wrap."""

TRAINERS = ("module.", "model.")
"""What DataParallel and trainers put before all names."""

CONVERTIBLE = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


@dataclass(frozen=True)
class Tensors:
    """Tensors by name, and what was done to them, for people to read."""

    values: Mapping[str, torch.Tensor]
    remarks: tuple[str, ...] = ()


def listed(names: Iterable[str], most: int = 3) -> str:
    """The first names in quotes, and how many more there are."""
    ordered = sorted(names)
    shown = ", ".join(f"'{name}'" for name in ordered[:most])
    return shown if len(ordered) <= most else f"{shown} and {len(ordered) - most} more"


def read_safetensors(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a file. Raises UserError where it is missing or damaged."""
    check_weights_file(path)
    try:
        return load_file(path)
    except (SafetensorError, ValueError, KeyError) as error:
        raise UserError(unreadable(path, error)) from error


def named_as(tensors: Tensors, expected: Collection[str]) -> Tensors:
    """
    The tensors without what wrappers put into or before their names, where the names `expected`
    have none of it. Raises UserError where two names become one.
    """
    names = {name: name for name in tensors.values}
    dropped: list[str] = []
    for part in WRAPPERS:
        if _any_has(part, names.values()) and not _any_has(part, expected):
            names = {old: name.replace(part, "") for old, name in names.items()}
            dropped.append(part)
    while (prefix := _trainer(names.values(), expected)) is not None:
        names = {old: name.removeprefix(prefix) for old, name in names.items()}
        dropped.append(prefix)
    if not dropped:
        return tensors
    taken = ", ".join(f"'{part}'" for part in dropped)
    if len(set(names.values())) < len(names):
        raise UserError(f"it has tensors of the same name with and without {taken}")
    values = {names[old]: value for old, value in tensors.values.items()}
    return Tensors(values, (*tensors.remarks, f"{taken} taken off their names"))


def _any_has(part: str, names: Collection[str]) -> bool:
    return any(part in name for name in names)


def _trainer(names: Collection[str], expected: Collection[str]) -> str | None:
    """What a trainer put before all of `names`, if anything."""
    for prefix in TRAINERS:
        if all(name.startswith(prefix) for name in names) and not any(
            name.startswith(prefix) for name in expected
        ):
            return prefix
    return None


def raise_unless_complete(
    missing: Collection[str],
    foreign: Collection[str],
    mismatched: Sequence[tuple[str, Sequence[int], Sequence[int]]],
) -> None:
    """
    Raise UserError for tensors that a model has and a file lacks, for those that only the file has,
    and for those whose shape in the file, which comes first, is not the model's.
    """
    if mismatched:
        name, given, wanted = mismatched[0]
        more = f" (and {len(mismatched) - 1} more do not fit)" if len(mismatched) > 1 else ""
        raise UserError(
            f"tensor '{name}' of the file has shape {tuple(given)}, the model expects "
            f"{tuple(wanted)}{more}; the sizes of the model and its weights must belong together"
        )
    problems: list[str] = []
    if missing:
        many = f"lacks {len(missing)} tensors of the model: " if len(missing) > 1 else ""
        problems.append(f"it {many or 'has no tensor '}{listed(missing)}")
    if foreign:
        many = f"{len(foreign)} tensors" if len(foreign) > 1 else "a tensor"
        problems.append(f"it has {many} the model lacks: {listed(foreign)}")
    if problems:
        raise UserError(f"{'; '.join(problems)}; take the weights of the whole classifier")


def in_float32(tensors: Tensors) -> Tensors:
    """
    The tensors with floating-point numbers in float32; integers, as counters have, stay.
    Raises UserError for NaN, infinity, and numbers that float32 does not hold.
    """
    values, converted = dict[str, torch.Tensor](), set[str]()
    for name, value in tensors.values.items():
        if value.is_floating_point():
            check_finite(name, value)
            if value.dtype != torch.float32:
                converted.add(type_name(value.dtype))
                value = value.float()
                if not bool(value.isfinite().all()):
                    raise UserError(f"tensor '{name}' has numbers beyond float32's range")
        values[name] = value
    if not converted:
        return tensors
    remark = f"converted from {' and '.join(sorted(converted))} to float32"
    return Tensors(values, (*tensors.remarks, remark))


def check_type(name: str, value: torch.Tensor, place: torch.Tensor) -> None:
    """
    Raise UserError unless the tensor that is called `name` has numbers as `place`, which is the
    model's, does: 16, 32 or 64-bit floating point, or integers.
    """
    known = value.dtype in CONVERTIBLE or not value.dtype.is_floating_point
    if not known or value.is_floating_point() != place.is_floating_point() or value.is_complex():
        expected = "floating point of 16, 32 or 64 bits" if place.is_floating_point() else "integer"
        raise UserError(
            f"tensor '{name}' is {type_name(value.dtype)}, not {expected}; weights are quantised "
            "here: save the model in float32"
        )


def check_finite(name: str, value: torch.Tensor) -> None:
    """Raise UserError for NaN and infinity in the tensor that is called `name`."""
    finite = value.isfinite()
    if not bool(finite.all()):
        what = "NaN" if bool(value.isnan().any()) else "infinity"
        count = int((~finite).sum())
        raise UserError(
            f"tensor '{name}' has {what}: {count} of {value.numel()} numbers are not finite"
        )


def type_name(dtype: torch.dtype) -> str:
    """As in `float16`."""
    return str(dtype).removeprefix("torch.")
